"""``model-router init``: a first configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from model_router.cli.options import json_option
from model_router.cli.output import say, say_json, talk
from model_router.config.files import user_folder
from model_router.errors import UsageError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--preset", metavar="NAME", help="lmstudio, ollama, llamacpp, mlx-lm, localai or hosted-openai-compatible."
)
@click.option("--auto", is_flag=True, help="Use what runs here already: Ollama, LM Studio, llama.cpp and others.")
@click.option(
    "--config-dir", type=click.Path(path_type=Path, file_okay=False), help="Where to; without it ~/.model-router."
)
@click.option("--proxy-port", type=click.IntRange(1, 65535), help="The proxy's port; without it 8082.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Replace files that exist; copies of them are kept.")
@json_option
def command(
    *,
    preset: str | None,
    auto: bool,
    config_dir: Path | None,
    proxy_port: int | None,
    yes: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write model_router.yaml and routing_proxy.yaml for a kind of model server, or for what runs here (--auto).

    Files that exist are left alone unless --force is given. What is written is checked first.
    """
    from model_router.setup.presets import check_preset, existing_files, preset_names, write_preset

    folder = config_dir.expanduser().absolute() if config_dir else user_folder(os.environ)
    if auto:
        if preset:
            raise UsageError("--preset and --auto exclude each other", "Give one of them.")
        from model_router.cli.setup.auto import write_from_servers

        return write_from_servers(folder, proxy_port, yes=yes, force=force, as_json=as_json)
    if not preset:
        hint = f"--preset takes one of: {' '.join(preset_names())}; --auto looks for what runs here"
        raise UsageError("a preset is needed", hint)
    check_preset(preset)
    present = existing_files(folder)
    asks = not yes and person_is_there()
    if asks and (force or not present):
        what = "Replace" if present else "Write"
        if not click.confirm(f"{what} model_router.yaml and routing_proxy.yaml in {folder}?", default=True, err=True):
            talk("nothing was written")
            return 1
    written = write_preset(preset, folder, port=proxy_port, force=force, environ=os.environ)
    if as_json:
        say_json(
            {
                "preset": written.preset,
                "written": [str(written.catalog), str(written.proxy)],
                "backups": [str(path) for path in written.backups],
                "address": written.address,
                "start": start_command(folder, written.proxy),
            }
        )
        return 0
    for path in (written.catalog, written.proxy):
        say(f"wrote {path}")
    for path in written.backups:
        say(f"kept {path}")
    start = start_command(folder, written.proxy)
    talk(f"Put your model names into {written.proxy}, start `{start}`, and point clients at {written.address}.")
    return 0


def start_command(folder: Path, proxy: Path) -> str:
    """What opens the application with the files in ``folder``; without options it reads the usual one."""
    if folder.resolve() == user_folder(os.environ).resolve():
        return "model-router"
    from shlex import quote

    return f"model-router tui --config {quote(str(proxy))}"


def person_is_there() -> bool:
    """Whether a question would be seen and could be answered."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())
