"""Writes a model file of about 100 kB that answers every prompt with one fixed sentence.

llama.cpp loads the file as an ordinary llama model, so a test can run a real model server and read from the text of the
answer which server gave it. The sentence stands in the weights, as a chain of words:

- The vocabulary holds the usual specials, one token for each byte value, and one token for each piece of the sentence.
  A prompt is spelled in bytes, since no merge rule leads from letters to pieces.
- An embedding has one dimension for "the sentence has not begun", which all specials and bytes share, and one for each
  piece. Every embedding is one-hot.
- Attention and feed-forward weights are zero, so the residual stream carries the newest token's embedding alone to the
  end. The root mean square norm turns a one-hot vector of length 1 into one of length ``sqrt(dimensions)``.
- The output matrix gives each one-hot state one successor: ``begin -> piece 1 -> piece 2 -> ... -> end of sequence``.
  The successor's logit is +20 and every other is -20, so sampling at any sensible temperature cannot leave the chain.

With ``loop=True`` the last piece is followed by the first: the answer never ends, which tests of cancelling need.

With ``tool_call`` the chain has a second beginning. The chat template ends the prompt with ``>`` when the request
brings tools and no tool has answered yet, and with ``:`` otherwise; the byte ``>`` has a dimension of its own, whose
successor is the tool call as one piece. So such a model calls its tool first and says its sentence once the result is
there.

With ``thinks`` the chat template says how thoughts are written, so that the server tells ``<think> ... </think>`` at
the beginning of the sentence from the answer behind it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

LOGIT = 20.0
"""Logit of the successor; every other token has the negative of it."""

_SPACE = "\u2581"
"""How a sentencepiece vocabulary writes a leading space."""

_TALK = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant:"

_TALK_AND_CALL = """\
{% if tools %}<tools>
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}</tools>
{% endif -%}
{% for message in messages %}{{ message['role'] }}: {{ message['content'] or '' }}\
{% for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}
{% endfor -%}
{% if add_generation_prompt %}assistant{{ '>' if tools and messages[-1]['role'] != 'tool' else ':' }}{% endif %}"""

_TALK_AND_THINK = """\
{% for message in messages %}{{ message['role'] }}: \
{% if message['reasoning_content'] %}<think>{{ message['reasoning_content'] }}</think>{% endif %}\
{{ message['content'] }}
{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"""

_UNKNOWN, _BEGIN, _END, _BYTES = 0, 1, 2, 3
"""Token numbers: three specials, then 256 bytes, then the pieces."""

_HEADS = 2
_FEED_FORWARD = 32


def pieces_of(sentence: str) -> list[str]:
    """The sentence in pieces, one a word, with the space in front of each but the first.

    Raises:
        ValueError: the sentence has no word, or has a word twice: the chain knows one successor for each piece.
    """
    words = sentence.split()
    if not words:
        raise ValueError("a scripted model needs at least one word")
    if len(set(words)) != len(words):
        raise ValueError(f"a scripted model cannot say a word twice: {sentence!r}")
    return [words[0], *(_SPACE + word for word in words[1:])]


def dimensions_of(sentence: str) -> int:
    """The embedding length of the model that says ``sentence``: one for each state of the chain, in steps of 32."""
    return 32 * math.ceil((1 + len(pieces_of(sentence)) + 2) / 32)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a scripted model makes; ``arguments`` are its JSON."""

    name: str
    arguments: Mapping[str, object]

    def as_text(self) -> str:
        """The call as the model writes it; the server's parser learns this form from the chat template."""
        return "<tool_call>\n" + json.dumps({"name": self.name, "arguments": self.arguments}) + "\n</tool_call>"


def write_scripted_gguf(
    path: Path,
    sentence: str,
    *,
    name: str = "scripted",
    loop: bool = False,
    tool_call: ToolCall | None = None,
    thinks: bool = False,
) -> Path:
    """Write the model to ``path`` and return it. The words of ``sentence`` are joined by single spaces.

    Raises:
        ValueError: see ``pieces_of``.
    """
    pieces = pieces_of(sentence)
    call = [tool_call.as_text()] if tool_call else []
    tokens, kinds = _vocabulary(pieces + call)
    dimensions = dimensions_of(sentence)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(262_144)
    writer.add_embedding_length(dimensions)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(dimensions // _HEADS)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([-1000.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(_UNKNOWN)
    writer.add_bos_token_id(_BEGIN)
    writer.add_eos_token_id(_END)
    writer.add_add_bos_token(True)
    writer.add_chat_template(_TALK_AND_CALL if call else _TALK_AND_THINK if thinks else _TALK)
    for tensor, values in _weights(len(tokens), len(pieces), dimensions, loop=loop, calls=bool(call)).items():
        writer.add_tensor(tensor, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary(pieces: list[str]) -> tuple[list[bytes], list[gguf.TokenType]]:
    tokens = [b"<unk>", b"<s>", b"</s>"]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    for value in range(256):
        tokens.append(f"<0x{value:02X}>".encode())
        kinds.append(gguf.TokenType.BYTE)
    for piece in pieces:
        tokens.append(piece.encode())
        kinds.append(gguf.TokenType.NORMAL)
    return tokens, kinds


def _weights(vocabulary: int, pieces: int, dimensions: int, *, loop: bool, calls: bool) -> dict[str, np.ndarray]:
    """All tensors by name.

    Dimension 0 is "not begun", dimension ``i`` is piece ``i`` counted from 1, and the two after them are "a call is
    due" and the call itself.
    """
    first = _BYTES + 256
    embedding = np.zeros((vocabulary, dimensions), np.float32)
    embedding[:first, 0] = 1.0
    for index in range(pieces):
        embedding[first + index, 1 + index] = 1.0

    weight = LOGIT / math.sqrt(dimensions)
    output = np.full((vocabulary, dimensions), -weight, np.float32)
    for state in range(pieces):
        output[first + state, state] = weight
    output[first if loop else _END, pieces] = weight

    if calls:
        due, called = pieces + 1, pieces + 2
        embedding[_BYTES + ord(">")] = np.eye(dimensions, dtype=np.float32)[due]
        embedding[first + pieces] = np.eye(dimensions, dtype=np.float32)[called]
        output[first + pieces, due] = weight
        output[_END, called] = weight

    ones = np.ones(dimensions, np.float32)
    square = np.zeros((dimensions, dimensions), np.float32)
    wide = np.zeros((_FEED_FORWARD, dimensions), np.float32)
    block = {"attn_norm": ones, "ffn_norm": ones, "ffn_gate": wide, "ffn_up": wide, "ffn_down": wide.T.copy()}
    block |= dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), square)
    return {
        "token_embd.weight": embedding,
        "output_norm.weight": ones,
        "output.weight": output,
        **{f"blk.0.{name}.weight": values for name, values in block.items()},
    }
