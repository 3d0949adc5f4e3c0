"""Tools of the responses protocol as functions of chat completions, and calls of those functions as its calls again.

Chat completions know only functions. A tool of a namespace becomes the function ``namespace__tool``; a custom tool,
which takes free text, becomes a function with one text argument. Tools that OpenAI's own servers run are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from model_router.server.refusal import Refusal
from model_router.server.translate.asked import as_list, as_name, as_object, as_text, flag, refuse
from model_router.server.translate.function_names import function_name

_FREE_TEXT = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input, as it is."}},
    "required": ["input"],
    "additionalProperties": False,
}


class OfferedTool(NamedTuple):
    """What the client calls a tool; ``namespace`` is None for one that stands alone."""

    kind: Literal["function", "custom"]
    name: str
    namespace: str | None = None


class OfferedTools:
    """The tools of one request, also those that items of its input add."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self.functions: list[dict[str, Any]] = []
        self.dropped: list[str] = []
        self._offered: dict[str, OfferedTool] = {}
        self._read(as_list(asked.get("tools") or [], "tools"), "tools")
        items = asked.get("input")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, Mapping) and item.get("type") == "additional_tools":
                self._read(as_list(item.get("tools"), f"input[{index}].tools"), f"input[{index}].tools")

    def find(self, function: str) -> OfferedTool:
        """The tool behind a function that the model called. Models forget the namespace, so a name alone counts too."""
        exact = self._offered.get(function)
        if exact is not None:
            return exact
        alike = [tool for tool in self._offered.values() if tool.name == function]
        return alike[0] if len(alike) == 1 else OfferedTool("function", function)

    def place(self, asked: Mapping[str, Any], fields: dict[str, Any]) -> None:
        """Write tools, choice and the leave to call several at once into a chat completions body."""
        chosen, functions = self._choice(asked.get("tool_choice"))
        if not functions:
            if chosen not in (None, "auto", "none"):
                raise _unmet()
            return
        fields["tools"] = functions
        if chosen is not None:
            fields["tool_choice"] = chosen
        several = flag(asked, "parallel_tool_calls")
        if several is not None:
            fields["parallel_tool_calls"] = several

    def _read(self, tools: Sequence[Any], where: str, namespace: str | None = None) -> None:
        for index, tool in enumerate(tools):
            here = f"{where}[{index}]"
            kind = as_name(as_object(tool, here).get("type"), f"{here}.type")
            if kind == "namespace" and namespace is None:
                inner = as_list(tool.get("tools"), f"{here}.tools")
                self._read(inner, f"{here}.tools", as_name(tool.get("name"), f"{here}.name"))
            elif kind in ("function", "custom"):
                name = as_name(tool.get("name"), f"{here}.name")
                self._add(OfferedTool("custom" if kind == "custom" else "function", name, namespace), tool, here)
            else:
                self.dropped.append(f"tools.{kind}")

    def _add(self, offered: OfferedTool, tool: Mapping[str, Any], where: str) -> None:
        name = function_name(offered.name, offered.namespace)
        if name in self._offered:
            return
        self._offered[name] = offered
        function: dict[str, Any] = {"name": name}
        description = as_text(tool.get("description") or "", f"{where}.description")
        if offered.kind == "custom":
            description += _grammar(tool.get("format"))
            function["parameters"] = _FREE_TEXT
        else:
            empty = {"type": "object", "properties": {}}
            function["parameters"] = as_object(tool.get("parameters") or empty, f"{where}.parameters")
            if tool.get("strict"):
                function["strict"] = True
        if description:
            function["description"] = description
        self.functions.append({"type": "function", "function": function})

    def _choice(self, choice: Any) -> tuple[Any, list[dict[str, Any]]]:
        """The choice in the words of chat completions, and the functions that it leaves."""
        if choice is None:
            return None, self.functions
        if isinstance(choice, str):
            if choice not in ("auto", "none", "required"):
                raise refuse("tool_choice", "has to be 'auto', 'none', 'required' or an object")
            return choice, self.functions
        kind = as_object(choice, "tool_choice").get("type")
        if kind in ("function", "custom"):
            name = self._chosen(choice, "tool_choice")
            if any(function["function"]["name"] == name for function in self.functions):
                return {"type": "function", "function": {"name": name}}, self.functions
        elif kind == "allowed_tools":
            allowed = as_list(choice.get("tools"), "tool_choice.tools")
            names = [
                self._chosen(as_object(tool, "tool_choice.tools"), "tool_choice.tools")
                for tool in allowed
                if isinstance(tool, Mapping) and tool.get("type") in ("function", "custom")
            ]
            left = [function for function in self.functions if function["function"]["name"] in names]
            return ("required" if choice.get("mode") == "required" else "auto"), left
        raise _unmet()

    def _chosen(self, choice: Mapping[str, Any], where: str) -> str:
        name, namespace = as_name(choice.get("name"), f"{where}.name"), choice.get("namespace")
        offered = self.find(name) if namespace is None else OfferedTool("function", name, str(namespace))
        return function_name(offered.name, offered.namespace)


def _unmet() -> Refusal:
    return refuse("tool_choice", "asks for a tool that is not among those that can be called here")


def custom_arguments(text: str) -> str:
    """Free text as the arguments of the function that stands for a custom tool."""
    return msgspec.json.encode({"input": text}).decode()


def custom_input(arguments: str) -> str:
    """The free text that a model meant. Models also write it without its wrapping, or under a name of their own."""
    try:
        decoded = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments
    if isinstance(decoded, dict):
        found = decoded.get("input", next(iter(decoded.values())) if len(decoded) == 1 else None)
        return found if isinstance(found, str) else arguments
    return decoded if isinstance(decoded, str) else arguments


def _grammar(form: Any) -> str:
    """The words that tell a model which text a custom tool takes; no chat server can hold it to a grammar."""
    if not isinstance(form, Mapping) or form.get("type") != "grammar":
        return ""
    return f"\n\nThe input has to follow this grammar ({form.get('syntax', 'lark')}):\n{form.get('definition', '')}"
