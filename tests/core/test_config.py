"""The operator's file: read, checked and changed."""

import errno
import os
import stat
from pathlib import Path

import pytest

from inboxlink.config import edit
from inboxlink.config.model import Config, Preset, load
from inboxlink.config.paths import locate
from inboxlink.errors import SetupError

WHOLE = """
[application]
name = "Acme"
privacy_policy = "https://acme.example/privacy"
support = "help@acme.example"

[connect]
personal_email_access = ["alice"]
max_mailboxes = 3

[providers]
allow = ["imap"]

[store]
url = "sqlite:////somewhere/else.db"

[network]
allow = ["10.1.0.0/16"]
special_domains = ["corp.local"]
nameservers = ["127.0.0.1:53"]

[network.connect]
"imap.corp.local:993" = "10.1.0.5:993"

[presets."corp.local"]
username = "{local}"
imap = {host = "IMAP.corp.local.", port = 993, tls = "implicit"}
smtp = {host = "smtp.corp.local", port = 587, tls = "starttls"}
"""


def test_the_whole_file_is_understood(tmp_path: Path) -> None:
    """Every section that the documentation names is read."""
    file = tmp_path / "inboxlink.toml"
    file.write_text(WHOLE)
    config = load(file)
    assert config.application.name == "Acme"
    assert config.presets["corp.local"].imap.host == "imap.corp.local"
    settings = config.network_settings(allow_private=False)
    assert settings.connect == {"imap.corp.local:993": "10.1.0.5:993"}


def test_no_file_means_defaults(tmp_path: Path) -> None:
    """An installation without a file works with the defaults."""
    assert load(tmp_path / "none.toml") == Config()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            "[presets.'a.org']\nimap = {host='i j', port=1, tls='implicit'}\n"
            "smtp = {host='s', port=1, tls='implicit'}",
            "presets.a.org.imap.host",
        ),
        ("[application]\nnmae = 'x'", "application.nmae"),
        ("[netwrok]\n", "netwrok"),
        ("[connect]\nmax_mailboxes = 0", "connect.max_mailboxes"),
        ("[network]\nallow = ['10.0.0.0/99']", "network.allow.0"),
        ("[application]\nprivacy_policy = 'http://x'", "application.privacy_policy"),
        (
            (
                "[presets.'a.org']\nimap = {host='i', port=70000, tls='implicit'}\n"
                "smtp = {host='s', port=1, tls='implicit'}"
            ),
            "presets.a.org.imap.port",
        ),
        (
            (
                "[presets.'a.org']\nimap = {host='i', port=1, tls='none'}\n"
                "smtp = {host='s', port=1, tls='implicit'}"
            ),
            "presets.a.org.imap.tls",
        ),
    ],
)
def test_a_wrong_key_is_named_by_its_path(tmp_path: Path, text: str, key: str) -> None:
    """A wrong key is named as it stands in the file."""
    file = tmp_path / "inboxlink.toml"
    file.write_text(text)
    with pytest.raises(SetupError) as caught:
        load(file)
    assert caught.value.code == "config_invalid"
    assert caught.value.problem.message.params["key"] == key


def test_a_syntax_error_is_named_by_its_line(tmp_path: Path) -> None:
    """A syntax error says in which line it is."""
    file = tmp_path / "inboxlink.toml"
    file.write_text("[application]\nname = 'x'\nsupport = \n")
    with pytest.raises(SetupError) as caught:
        load(file)
    assert caught.value.code == "config_syntax"
    assert "line 3" in caught.value.problem.message.params["reason"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file in another encoding is refused with its path."""
    file = tmp_path / "inboxlink.toml"
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(SetupError, match="config_unreadable"):
        load(file)


def test_presets_are_written_beside_comments(tmp_path: Path) -> None:
    """Setting and removing a preset keeps what the operator wrote around it."""
    # req 97
    file = tmp_path / "inboxlink.toml"
    file.write_text("# mine\n[application]\nname = 'Acme' # ours\n")
    server = {"host": "mail.a.org", "port": 993, "tls": "implicit"}
    preset = Preset.model_validate({"imap": server, "smtp": server | {"port": 465}})
    edit.set_preset(file, "a.org", preset)
    edit.set_preset(file, "b.org", preset)
    assert load(file).presets == {"a.org": preset, "b.org": preset}
    edit.remove_preset(file, "a.org")
    assert set(load(file).presets) == {"b.org"}
    assert "# mine" in file.read_text()
    assert "# ours" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(SetupError, match="preset_unknown"):
        edit.remove_preset(file, "a.org")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_file_that_cannot_be_written_is_named_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where the new file cannot be made durable, the old one stands and nothing lies about."""
    file = tmp_path / "inboxlink.toml"
    file.write_text("# mine\n")

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    server = {"host": "mail.a.org", "port": 993, "tls": "implicit"}
    preset = Preset.model_validate({"imap": server, "smtp": server | {"port": 465}})
    with pytest.raises(SetupError, match="config_unwritable") as caught:
        edit.set_preset(file, "a.org", preset)
    assert caught.value.problem.message.params["path"] == str(file)
    assert file.read_text() == "# mine\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Directories are made where there are none; a file in the place of one is named."""
    server = {"host": "mail.a.org", "port": 993, "tls": "implicit"}
    preset = Preset.model_validate({"imap": server, "smtp": server | {"port": 465}})
    edit.set_preset(tmp_path / "deep" / "down" / "inboxlink.toml", "a.org", preset)
    assert load(tmp_path / "deep" / "down" / "inboxlink.toml").presets == {"a.org": preset}
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="config_unwritable"):
        edit.set_preset(tmp_path / "file" / "inboxlink.toml", "a.org", preset)


def test_a_preset_that_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    """Neither from a file without presets nor where there is no file."""
    for file in (tmp_path / "none.toml", tmp_path / "empty.toml"):
        with pytest.raises(SetupError, match="preset_unknown"):
            edit.remove_preset(file, "a.org")
        (tmp_path / "empty.toml").write_text("[application]\n")
    assert not (tmp_path / "none.toml").exists()


def test_a_home_moves_everything(tmp_path: Path) -> None:
    """INBOXLINK_HOME moves the file and the data; without it the platform says where."""
    paths = locate({"INBOXLINK_HOME": str(tmp_path)})
    assert paths.config == tmp_path / "inboxlink.toml"
    assert paths.data == tmp_path / "data"
    assert locate({}).config.name == "inboxlink.toml"
