"""The generated model file holds what its docstring says, read back with the format's own reader."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from tests.support.scripted_gguf import ToolCall, dimensions_of, pieces_of, write_scripted_gguf


class Walk:
    """Follows the chain of a file as a model server would: embedding, norm, output matrix, most likely token."""

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)
        self.fields = reader.fields
        tensors = {tensor.name: tensor.data for tensor in reader.tensors}
        self.embedding, self.output = tensors["token_embd.weight"], tensors["output.weight"]
        self.tokens = [bytes(part).decode() for part in self._strings("tokenizer.ggml.tokens")]

    def _strings(self, key: str) -> list[np.ndarray]:
        field = self.fields[key]
        return [field.parts[index] for index in field.data]

    def after(self, token: str) -> tuple[str, float]:
        """The next token and how far its logit is above the second best."""
        state = self.embedding[self.tokens.index(token)]
        logits = self.output @ (state / np.sqrt(np.mean(state**2)))
        best, second = np.sort(logits)[::-1][:2]
        return self.tokens[int(np.argmax(logits))], float(best - second)

    def answer(self, last_of_prompt: str, limit: int = 20) -> list[str]:
        said: list[str] = []
        token = last_of_prompt
        while len(said) < limit:
            token, margin = self.after(token)
            assert margin > 39, f"after {said} another token is likely too"
            if token == "</s>":
                break
            said.append(token)
        return said


def test_every_byte_begins_the_sentence_and_it_ends(tmp_path: Path) -> None:
    path = write_scripted_gguf(tmp_path / "m.gguf", "This answer was made by code_agent.")
    walk = Walk(path)
    for byte in ("<0x3A>", "<0x00>", "<0xFF>", "<s>"):
        assert "".join(walk.answer(byte)).replace("\u2581", " ") == "This answer was made by code_agent."
    assert path.stat().st_size < 150_000


def test_a_loop_never_ends(tmp_path: Path) -> None:
    walk = Walk(write_scripted_gguf(tmp_path / "m.gguf", "round and", loop=True))
    assert walk.answer("<0x3A>", limit=1000) == ["round", "\u2581and"] * 500


def test_a_tool_call_follows_its_own_mark_alone(tmp_path: Path) -> None:
    call = ToolCall("list_files", {"path": "."})
    walk = Walk(write_scripted_gguf(tmp_path / "m.gguf", "All done.", tool_call=call))
    assert walk.answer("<0x3E>") == [call.as_text()]
    assert walk.answer("<0x3A>") == ["All", "\u2581done."]


@pytest.mark.parametrize("words", [1, 29, 30, 100])
def test_sentences_of_any_length(tmp_path: Path, words: int) -> None:
    sentence = " ".join(f"w{index}" for index in range(words))
    walk = Walk(write_scripted_gguf(tmp_path / "m.gguf", sentence, tool_call=ToolCall("f", {})))
    assert walk.answer("<0x3A>", limit=200) == pieces_of(sentence)
    assert walk.embedding.shape[1] == dimensions_of(sentence) >= words + 3


@pytest.mark.parametrize(("sentence", "message"), [("", "at least one word"), ("to be or not to be", "a word twice")])
def test_sentences_that_no_chain_can_say(tmp_path: Path, sentence: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_scripted_gguf(tmp_path / "m.gguf", sentence)
    assert not list(tmp_path.iterdir())
