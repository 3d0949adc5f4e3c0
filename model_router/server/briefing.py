"""What a client says to any agent whatever the wish is: which tools there are, how to work, how to answer.

Such sentences say nothing about the wish, yet their words weigh with the scores: "drop the table" is heard as an order,
and less so in front of "You can execute commands and edit files". So a wish that holds some is judged once more without
them. That can only make it wait: the ask stays as it came, and goes where it would have gone.

A sentence is known by how it begins and by what it names. One that gives the agent a text to do something with stays,
for then the words behind it are that text. Nobody can list all such sentences, so of a wish that would go to the
coding agent the first and the last paragraph are judged alone, too, when every other one speaks of an agent's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from model_router.engine.regex import Regex, Span

LONGEST = 6_000
"""Characters above which a text is a document with a wish in it; there the rules see an order among any words."""


def _table(words: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in words.split())


_ANYTHING = ("",)
_TOOLS = _table(
    "tool terminal shell bash console command browser editor sandbox internet python computer file container "
    "environment werkzeug befehl datei umgebung herramienta comando archivo entorno outil commande fichier comand "
    "strument ferramenta arquivo opdracht bestand gereedschap narzędzi polece plik araç komut dosya инструмент "
    "терминал команд файл 工具 终端 命令 文件 ツール ターミナル ファイル コマンド 도구 터미널 파일 명령 "
    "أدوات الطرفية ملف टूल टर्मिनल फ़ाइल"
)
_ROLES = _table(
    "assistant agent engineer developer programmer expert copilot chatbot model _ai_ assistent entwickler asistente "
    "agente ingenier développeur assistente asystent yardımcı ассистент помощник агент 助手 助理 代理 工程师 "
    "アシスタント エージェント エンジニア 어시스턴트 비서 에이전트 مساعد सहायक"
)
_FORMS = _table(
    "json markdown yaml xml plain_text english concise brief short deutsch knapp español breve français italiano "
    "portugu nederlands polsku türkçe русском кратко 中文 日本語 한국어"
)
_CODE = _table("repo code project working_dir workspace environment file folder context session")

_KINDS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        _table(
            "you_can_ you_may_ you_have_ you_now_have_ you_are_free_ you_are_able_ you_are_allowed_ you_are_running_ "
            "you_run_ you_work_in_ you_are_working_in_ you_should_use_ you_must_use_ note_that_you_ remember_that_you_ "
            "use_the_ use_your_ use_any_ please_use_ feel_free_ tools: available_tools the_user_has_access "
            "du_kannst_ du_hast_ du_darfst_ nutze_ puedes_ tienes_ usa_ tu_peux_ tu_as_ vous_avez_ vous_pouvez_ "
            "utilise_ puoi_ hai_ você_pode_ você_tem_ use_o_ use_a_ je_hebt_ je_kunt_ masz_ możesz_ "
            "ты_можешь_ у_тебя_ используй_ 你可以 你有 你能 使用 ターミナル ツール あなたは 터미널 도구 "
            "لديك_ يمكنك_ आपके_पास_ आप_"
        ),
        _TOOLS,
    ),
    (
        _table(
            "you_are_ you're_ act_as_ du_bist_ eres_ tu_es_ vous_êtes_ sei_ você_é_ je_bent_ jesteś_ sen_ ты_ 你是 "
            "あなたは 당신은 너는 أنت_ आप_"
        ),
        _ROLES,
    ),
    (
        _table(
            "respond_ answer_ reply_ output_ return_ please_respond_ please_answer_ always_respond_ always_answer_ "
            "your_answer_ your_response_ your_output_ your_reply_ be_ keep_ antworte_ gib_ responde_ devuelve_ "
            "réponds_ répondez_ rispondi_ responda_ antwoord_ odpowiadaj_ отвечай_ ответь_ 请用 用 以 json 回答 "
            "日本語で 한국어로"
        ),
        _FORMS,
    ),
    (
        _table(
            "think_ let's_think_ please_think_ reason_ work_ denk_ denke_ piensa_ réfléchis_ pensa_ pense_ думай_ 一步"
        ),
        _table("step carefully first through hard schritt paso étape passo stap шаг 一步"),
    ),
    (
        _table(
            "here_is_ here's_ here_are_ below_is_ given_the_ see_the_ with_the_following_ consider_the_following_ "
            "the_repository_is the_code_base_is the_codebase_is the_working_directory the_workspace_is "
            "your_working_directory the_project_is the_code_is i've_uploaded_ i_have_uploaded_"
        ),
        _CODE,
    ),
    (
        _table(
            "take_your_time your_thinking_should when_you_are_done when_you're_done once_you_are_done be_careful "
            "be_thorough be_precise make_minimal_changes make_the_minimal make_only_the "
            "your_task_is_to_make_the_minimal follow_the_rules follow_these_rules follow_these_steps "
            "follow_these_instructions follow_the_instructions follow_all_instructions complete_the_task "
            "solve_the_issue solve_the_task do_the_task resolve_the_issue please_solve_the_issue "
            "please_complete_the_task please_follow_the keep_your_answer keep_it_short "
            "can_you_help_me_implement_the_necessary_changes this_workflow_should"
        ),
        _ANYTHING,
    ),
)
"""How such a sentence begins, and what it has to name."""

_HEADS = _table(
    "rules: guidelines: instructions: constraints: notes: important: requirements: regeln: reglas: règles: regole:"
)
"""Above a list, each line of which is a rule."""

_SECTIONS = _table("workflow rules guidelines instructions constraints formatting format steps notes tools environment")
"""What the heading of a section of rules names."""

_TAGS = _table(
    "context environment env environment_details rules info project workspace repository repo tools system "
    "system-reminder instructions guidelines important system_information runtime_information uploaded_files"
)
_JOBS = _table(
    "translat summar classif categor extract label rewrite rephrase paraphras correct proofread convert grammar "
    "sentiment intent spam detect moderat roleplay role-play simulat story following_text following_mail "
    "following_email following_message following_sentence übersetz zusammenfass traduc tradui résum riassu resum "
    "перевод перевед 翻译 总结 分类 翻訳 要約 번역 요약"
)
"""What is done with a text: the words behind such a sentence are that text."""

_WORK = (
    "tools? tool_calls? commands? shell bash terminal sandbox container docker linux macos repository repo workspace "
    "working_directory cwd codebase code files? tests? test_suite edits? diff patch branch commits? git python agent "
    "assistant response respond reply answer output format json markdown xml tags? steps? task instructions rules "
    "guidelines environment platform system block session context directory path"
)
"""Whole words of which a paragraph about an agent's work holds one, as it holds one of the words above it."""
_LONGEST_ORDER = 300
_MOST_PARAGRAPHS = 40
_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_TO_AGENT = re.compile(
    r"\b(?:you|your|you're|du|dir|dein|tienes|trabajas|arbeitest|travailles|votre|hai accesso)\b|у тебя|у вас|你",
    re.IGNORECASE,
)
_TO_DO = re.compile(
    r"\b(?:can|could|would|will|want|need|like|thank|asking|tell|kannst|könntest) (?:you|du)\b", re.IGNORECASE
)
"""A paragraph to "you" tells the agent how things are, unless it asks the agent for something."""
_LABEL = re.compile(
    r"\A(?:please |now )?(?:solve|fix|resolve|implement|complete|do|handle|work on) (?:this|the following) "
    r"(?:issue|problem|task|request|ticket): |\A(?:your |new |current )?(?:task|issue|problem|request)(?: is)?:\s",
    re.IGNORECASE,
)
"""What an agent's template puts in front of the wish."""
_LIST = re.compile(rb"[ \t*_]*(?:\n[ \t]*(?:[-*]|\xe2\x80\xa2|[0-9]{1,2}[.)])[^\n]*)*")
_SECTION_END = re.compile(rb"\n(?=#{1,4} )")
_PLACE = re.compile(rb"[ \t]*\n?[ \t]*(?:https?://|~?/|\./)\S+")
_FENCE = re.compile(rb"\s*```")


@cache
def _patterns() -> tuple[Regex, Regex]:
    """Where a sentence of this kind may begin, and where a sentence ends; compiled when a text first needs them."""
    openings = {opening for openings, _ in _KINDS for opening in openings} | {*_HEADS, *(f"<{tag}>" for tag in _TAGS)}
    begins = "|".join(map(re.escape, sorted(openings)))
    sections = "|".join(_SECTIONS)
    return (
        Regex(
            rf"(?i)(?:^|[\n.!?:。！？])[ \t*_#>]*(?:{begins})"
            rf"|(?:^|\n)#{{1,4}} [^\n]{{0,60}}(?:{sections})[^\n]{{0,40}}\n",
            4 << 20,
        ),
        Regex(r"[.!?:](?:\s|$)|\n|[。！？]", 1 << 20),
    )


@cache
def _work() -> Regex:
    words = "|".join(_table(_WORK))
    return Regex(rf"(?i)\b(?:{words})\b|{'|'.join(_TOOLS)}", 2 << 20)


def own_words(text: str, *, coding: bool = True) -> Iterator[str]:
    """What may be all that the person wrote of a text; nothing when that is the text itself.

    ``coding``: it would go to the coding agent, which carries out what it is told; then single paragraphs count.
    """
    if not ("\n" in text or ". " in text or "。" in text):  # most that people write is one sentence
        return
    own = without_briefing(text)
    if own is not text:
        yield own
    if coding and len(text) <= LONGEST and "\n" in text.strip():
        yield from _paragraphs_alone(text)


def _paragraphs_alone(text: str) -> Iterator[str]:
    """The first and the last paragraph, as far as every other one speaks of an agent's work and gives it no text."""
    pieces = _PARAGRAPHS.split(text.strip(), _MOST_PARAGRAPHS)
    if not 1 < len(pieces) <= _MOST_PARAGRAPHS:
        return
    others: list[int] = []
    for at, piece in enumerate(pieces):
        if _work().search(piece.encode(errors="replace")) is None:
            others.append(at)
            if len(others) > 1:
                return
    for at in (0, len(pieces) - 1):
        piece = pieces[at]
        if len(piece) > _LONGEST_ORDER or (others and others[0] != at) or _left_of(piece) is not None:
            continue
        rest = "\n".join((*pieces[:at], *pieces[at + 1 :])).lower()
        if not any(map(rest.__contains__, _JOBS)) and not (_TO_AGENT.search(piece) and not _TO_DO.search(piece)):
            yield piece


def without_briefing(text: str) -> str:
    """The text without sentences to any agent; the text itself when there are none, or nothing else is said."""
    left = _left_of(text)
    return left if left is not None and any(map(str.isalpha, left)) else text


def _left_of(text: str) -> str | None:
    """What is left of a text without such sentences; None when there are none."""
    if len(text) > LONGEST:
        return None
    data = text.encode(errors="replace")
    begins, ends = _patterns()
    kept: list[bytes] = []
    done = 0
    found = begins.search(data)
    while found is not None:
        start = found[0] + (found[0] > 0)
        end = _section(data, start) or _briefing(data, start, ends.search(data, found[1] - 1))
        if end > start:
            kept.append(data[done:start])
            done = end
        found = begins.search(data, max(end - 2, found[1] - 1))
    if not done:
        return None
    return _LABEL.sub("", b"\n".join((*kept, data[done:])).decode(errors="ignore").strip()).strip()


def _section(data: bytes, start: int) -> int:
    """Where the section of rules ends whose heading is there: before the next heading, or with the text. 0: none."""
    if not data.startswith(b"#", start):
        return 0
    heading = data[start : data.find(b"\n", start)].lower()
    if not any(name.encode() in heading for name in _SECTIONS):
        return 0
    end = _SECTION_END.search(data, start)
    return end.end() if end is not None else len(data)


def _briefing(data: bytes, start: int, stop: Span | None) -> int:
    """Where the sentence that begins at ``start`` ends, with the list or the file behind it; 0 when it is none."""
    end = len(data) if stop is None else stop[1]
    sentence = data[start:end].decode(errors="ignore").strip(" \t\n*_#").lstrip(">").lstrip().lower()
    if sentence.startswith("<"):
        name = sentence[1 : sentence.find(">")]
        close = data.find(b"</" + name.encode() + b">", start)
        return 0 if close < 0 else close + len(name) + 3
    if sentence in _HEADS:
        listed = _LIST.match(data, end - 1)
        return listed.end() if listed is not None else end
    if not _speaks_to_any_agent(sentence):
        return 0
    place = _PLACE.match(data, end)
    if place is not None:
        return place.end()
    if sentence.endswith(":") and _FENCE.match(data, end):
        close = data.find(b"```", data.find(b"```", end) + 3)
        return len(data) if close < 0 else close + 3
    return end


def _speaks_to_any_agent(sentence: str) -> bool:
    return any(
        sentence.startswith(openings) and any(map(sentence.__contains__, named)) for openings, named in _KINDS
    ) and not any(map(sentence.__contains__, _JOBS))
