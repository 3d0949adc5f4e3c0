"""``model-router setup write``: both configuration files from picks."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from model_router.cli.init import person_is_there, start_command
from model_router.cli.options import json_option
from model_router.cli.output import say, say_json, talk
from model_router.config.files import user_folder
from model_router.errors import UsageError

ADDRESSES = {
    "llamacpp": "http://127.0.0.1:8080/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "mlx-lm": "http://127.0.0.1:8080/v1",
    "localai": "http://127.0.0.1:8080/v1",
    "hosted": "https://api.openai.com/v1",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--pick",
    "picks",
    multiple=True,
    metavar="ROUTE=MODEL[@URL]",
    help="The model for a route, by the name its server knows it by; may be repeated.",
)
@click.option(
    "--adapter",
    type=click.Choice(list(ADDRESSES)),
    default="llamacpp",
    show_default=True,
    help="The server of picks without an address.",
)
@click.option("--base-url", metavar="URL", help="Its address, where it is not the usual one.")
@click.option("--api-key-env", metavar="VAR", help="The variable with the key of servers that are not on this machine.")
@click.option("--config-dir", type=click.Path(path_type=Path, file_okay=False), help="Where to; else ~/.model-router.")
@click.option("--proxy-port", type=click.IntRange(1, 65535), help="The proxy's port; without it 8082.")
@click.option("--show", is_flag=True, help="Print the files instead of writing them.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Replace files that exist; copies of them are kept.")
@json_option
def command(
    *,
    picks: tuple[str, ...],
    adapter: str,
    base_url: str | None,
    api_key_env: str | None,
    config_dir: Path | None,
    proxy_port: int | None,
    show: bool,
    yes: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write model_router.yaml and routing_proxy.yaml for the models you pick.

    A route without a pick shares the model of the nearest one; vision is switched off without one. Files that exist
    are left alone unless --force is given. What is written is checked first.
    """
    from model_router.setup.configuration import configuration_files, read_pick, write_configuration

    chosen = dict(read_pick(text, base_url or ADDRESSES[adapter], api_key_env) for text in picks)
    if len(chosen) < len(picks):
        raise UsageError("a route is picked twice", "Give each route once.")
    texts = configuration_files(chosen, proxy_port)
    folder = config_dir.expanduser().absolute() if config_dir else user_folder(os.environ)
    if show:
        if as_json:
            say_json({"files": dict(texts)})
        else:
            for name, text in texts.items():
                say(f"# {folder / name}", bold=True)
                say(text)
        return 0
    if not yes and person_is_there():
        for line in texts["routing_proxy.yaml"].split("\n"):
            talk(line)
        if not click.confirm(f"Write this and the catalog into {folder}?", default=True, err=True):
            talk("nothing was written")
            return 1
    now = datetime.now().astimezone()
    written = write_configuration(chosen, folder, now=now, port=proxy_port, force=force, environ=os.environ)
    if as_json:
        backups = [str(path) for path in written.backups]
        say_json({"written": [str(written.catalog), str(written.proxy)], "backups": backups})
        return 0
    for path in (written.catalog, written.proxy):
        say(f"wrote {path}")
    for path in written.backups:
        say(f"kept {path}")
    talk(f"Check it with `model-router doctor`, then start `{start_command(folder, written.proxy)}`.")
    return 0
