"""The wizard offers what is there, asks for nothing that is not, and never offers eyes to the blind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from model_router.engine.routes import Route
from model_router.setup.configuration import Pick
from model_router.setup.header import ModelHeader
from model_router.setup.machine import Gpu, Machine, Memory, Processor
from model_router.setup.model_catalog_file import load_models
from model_router.setup.own_ports import own_ports, ports_in_use
from model_router.setup.recommend.options import LocalModel as KnownModel
from model_router.setup.recommend.recommendation import Recommendation, recommend
from model_router.setup.running import RunningServer, ServedModel
from model_router.setup.stores import FoundModels, LocalModel
from model_router.setup.survey import Survey
from model_router.setup.wizard import ASKED, Offer, Source, Where, questions, usual_answer

GIB = 2**30
MACHINE = Machine("linux", "x86_64", Memory(32 * GIB, 28 * GIB), Processor("a processor", 8, 8, ("avx2",)))
MAC = Machine(memory=Memory(16 * GIB, 12 * GIB), gpus=(Gpu("Apple M2", "apple", 11 * GIB, unified=True),))
OLLAMA = RunningServer("ollama", "http://127.0.0.1:11434", models=(ServedModel("qwen3:4b"), ServedModel("qwen3-vl:8b")))


def survey(*servers: RunningServer, files: tuple[LocalModel, ...] = (), keys: tuple[str, ...] = ()) -> Survey:
    return Survey(MACHINE, {}, dict.fromkeys(keys, True), servers, FoundModels(files))


def offers(found: Survey, where: Where, recommendation: Recommendation | None = None) -> dict[Route, tuple[Offer, ...]]:
    return {question.route: question.offers for question in questions(found, recommendation, where)}


def model(name: str, *, kind: str = "model", projector: bool = False) -> LocalModel:
    header = ModelHeader("gguf", "llama", 4_000_000_000, kind=kind)
    eyes = Path("/models/mmproj.gguf") if projector else None
    return LocalModel(name, "folder", Path("/models") / f"{name}.gguf", header, header.size, eyes)


def test_what_runs_is_offered_and_the_suggestion_is_the_default() -> None:
    asked = questions(survey(OLLAMA), None, Where.LOCAL)
    assert [question.route for question in asked] == list(ASKED)
    simple = asked[0]
    assert [offer.pick.model for offer in simple.offers] == ["qwen3:4b", "qwen3-vl:8b"]
    assert simple.default == 0
    vision = asked[-1]
    assert [offer.pick.model for offer in vision.offers] == ["qwen3-vl:8b"]
    assert vision.default == 0


def test_a_file_is_offered_unless_a_server_has_it_already() -> None:
    found = survey(
        RunningServer("llamacpp", "http://127.0.0.1:8080", models=(ServedModel("served-Q4"),)),
        files=(
            model("served-Q4"),
            model("text-Q4"),
            model("embed-Q8", kind="embedding"),
            model("seeing-Q4", projector=True),
        ),
    )
    by_route = offers(found, Where.LOCAL)
    files = {route: [one.pick.model for one in each if one.source is Source.FILE] for route, each in by_route.items()}
    assert files[Route.CODING] == ["text-Q4", "seeing-Q4"]
    assert files[Route.VISION] == ["seeing-Q4"]
    (seeing,) = by_route[Route.VISION]
    projector = "--mmproj /models/mmproj.gguf"
    assert seeing.serve == f"llama-server -m /models/seeing-Q4.gguf {projector} --alias seeing-Q4 --jinja"


def test_each_server_that_has_to_be_started_has_a_port_of_its_own() -> None:
    found = survey(
        RunningServer("llamacpp", "http://127.0.0.1:8081", models=(ServedModel("served-Q4"),)),
        files=(model("one-Q4"), model("two-Q4"), model("three-Q4")),
    )
    served, one, two, three = offers(found, Where.LOCAL)[Route.CODING]
    answers = {Route.SIMPLE: one, Route.BALANCED: two, Route.REASONING: served, Route.CODING: one, Route.VISION: None}
    taken = own_ports({**answers, Route.RESEARCH: three}, ports_in_use(found, lambda _: True) | {8082})
    assert {route: offer.pick.base_url if offer else None for route, offer in taken.items()} == {
        Route.SIMPLE: "http://127.0.0.1:8080/v1",
        Route.BALANCED: "http://127.0.0.1:8083/v1",  # one port has the server that runs, the next the gateway
        Route.REASONING: "http://127.0.0.1:8081/v1",
        Route.CODING: "http://127.0.0.1:8080/v1",  # one model on two routes is one server
        Route.VISION: None,
        Route.RESEARCH: "http://127.0.0.1:8084/v1",
    }
    simple, balanced = taken[Route.SIMPLE], taken[Route.BALANCED]
    assert simple is not None
    assert balanced is not None
    assert "--port" not in simple.serve
    assert balanced.serve == "llama-server -m /models/two-Q4.gguf --alias two-Q4 --jinja --port 8083"


def test_models_of_one_folder_are_one_server() -> None:
    recommendation = recommend(MACHINE, load_models({}))
    asked = {question.route: question.offers[0] for question in questions(survey(), recommendation, Where.LOCAL)}
    assert len({offer.pick.model for offer in asked.values()}) > 1
    taken = own_ports(asked, ())
    assert {offer.pick.base_url for offer in taken.values() if offer} == {"http://127.0.0.1:8080/v1"}


def test_hosted_models_need_a_key_and_a_name_from_the_person() -> None:
    found = survey(OLLAMA, keys=("OPENAI_API_KEY", "HF_TOKEN"))
    assert {offer.source for each in offers(found, Where.LOCAL).values() for offer in each} == {Source.RUNNING}
    for each in offers(found, Where.HOSTED).values():
        assert [(offer.source, offer.pick.model, offer.pick.api_key_env) for offer in each] == [
            (Source.PROVIDER, "", "OPENAI_API_KEY")
        ]
    mixed = offers(found, Where.MIX)[Route.REASONING]
    assert [offer.source for offer in mixed] == [Source.RUNNING, Source.RUNNING, Source.PROVIDER]


def test_what_is_recommended_is_offered_with_what_has_to_be_fetched() -> None:
    recommendation = recommend(MACHINE, load_models({}))
    asked = questions(survey(), recommendation, Where.LOCAL)
    for question in asked:
        (offer,) = question.offers
        assert (offer.source, offer.download) == (Source.RECOMMENDED, True)
        assert offer.note.startswith("recommended; ")
        assert offer.note.endswith("GB to fetch")
        assert offer.serve.startswith("llama-server --models-dir")
    assert [question.default for question in asked] == [None, 0, None, None, None, None]


def test_a_small_file_that_happens_to_lie_here_is_no_default_where_something_better_is_recommended() -> None:
    found = survey(files=(model("SmolLM2-135M-Q4_1"),))
    recommendation = recommend(MACHINE, load_models({}))
    balanced = questions(found, recommendation, Where.LOCAL)[1]
    assert [offer.source for offer in balanced.offers] == [Source.FILE, Source.RECOMMENDED]
    assert balanced.default == 1
    here = KnownModel("qwen3.5-9b", 5_680_522_464, path="/models/Qwen3.5-9B-Q4_K_M.gguf")
    near = recommend(MAC, load_models({}), local=[here])
    files = survey(files=(model("SmolLM2-135M-Q4_1"), model("Qwen3.5-9B-Q4_K_M")))
    assert questions(files, near, Where.LOCAL)[1].default == 1, "it is nearly as good, and nothing has to be fetched"


def test_a_chosen_model_that_reads_pictures_is_suggested_for_them() -> None:
    asked = {q.route: q for q in questions(survey(), recommend(MACHINE, load_models({})), Where.LOCAL)}
    (balanced,), (seeing,) = asked[Route.BALANCED].offers, asked[Route.VISION].offers
    assert balanced.catalog_name == seeing.catalog_name, "on this machine one model is best for both"
    assert usual_answer(asked[Route.VISION], {Route.BALANCED: balanced}) == 0
    assert usual_answer(asked[Route.VISION], {Route.BALANCED: None}) is None
    files = survey(files=(model("text-Q4"), model("seeing-Q4", projector=True)))
    by_route = {question.route: question for question in questions(files, None, Where.LOCAL)}
    text, eyes = by_route[Route.BALANCED].offers
    vision = by_route[Route.VISION]
    assert usual_answer(vision, {Route.BALANCED: text}) is None
    assert usual_answer(vision, {Route.BALANCED: eyes}) == 0
    assert usual_answer(vision, {Route.BALANCED: text, Route.CODING: eyes}) == 0
    assert usual_answer(by_route[Route.CODING], {Route.BALANCED: eyes}) is None, "it shares anyway"


def test_a_provider_s_model_is_not_taken_for_one_that_reads_pictures() -> None:
    asked = {q.route: q for q in questions(survey(keys=("OPENAI_API_KEY",)), None, Where.HOSTED)}
    chosen = replace(asked[Route.BALANCED].offers[0], pick=Pick("big", "https://api.openai.com/v1"))
    assert usual_answer(asked[Route.VISION], {Route.BALANCED: chosen}) is None


def test_nothing_there_is_nothing_offered() -> None:
    assert set(offers(survey(), Where.MIX).values()) == {()}
