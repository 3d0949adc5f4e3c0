"""Orders that are typed for a machine: shell and SQL that destroys, at a place where an order can begin."""

from __future__ import annotations

_FORMS = (
    r"(?:(?:run|execute|exec|do)\s+`?)?(?:sudo\s+)?rm\s+-[a-z]*[rf]",
    r"sudo\s+rm\b",
    r"(?:sudo\s+)?dd\s+if=",
    r"(?:sudo\s+)?mkfs",
    r"(?:sudo\s+)?shred\s+-",
    r"(?:sudo\s+)?(?:shutdown|halt|poweroff|reboot)\s+(?:-|now)",
    r"(?:sudo\s+)?ch(?:mod|own)\s+-r\b",
    r"drop\s+(?:table|database|schema|index|view|user)\b",
    r"truncate\s+table\b",
    r"delete\s+from\s+\w",
    r"git\s+push\s+(?:\S+\s+){0,3}(?:--force|-f)\b",
    r"git\s+reset\s+--hard\b",
    r"git\s+clean\s+-[a-z]*f",
    r"git\s+branch\s+-d\b",
    r"kubectl\s+(?:delete|drain)\b",
    r"terraform\s+(?:destroy|apply)\b",
    r"helm\s+(?:uninstall|delete)\b",
    r"docker\s+(?:system\s+prune|rm\s|rmi\s|volume\s+rm)",
    r"aws\s+s3\s+r[bm]\b",
    r"echo\s+\S+\s*\|\s*base64\s+(?:-d|-D|--decode)\s*\|",
    r"curl\s+[^|\n]+\|\s*(?:sudo\s+)?(?:ba|z)?sh\b",
    r"wget\s+[^|\n]+\|\s*(?:sudo\s+)?(?:ba|z)?sh\b",
    r":\(\)\s*\{\s*:\|:",
    r"format\s+c:",
    r"del\s+/[sfq]",
    r"rd\s+/s",
    r"remove-item\s+[^\n]*-recurse",
    r"flushall\b",
)

SHELL = "|".join(_FORMS)
