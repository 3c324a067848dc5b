r"""Passwords that a command is given: ``docker login -p SECRET``, ``zip -P SECRET``, ``echo SECRET | sudo -S``.

The program says what its option is, so that a plain word is enough. Options that name themselves, such as
``--password``, are :mod:`rung.privacy.logins`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder
from rung.privacy.words import could_be, is_other
from rung.types.pattern import lazy

_GAP = r"\b[^\r\n|;]{0,200}?[ \t\"',]"
"""The words between a program and its option, in a shell or in a list of quoted words."""
_BEHIND = r"(?:[ \t]+|[\"'],[ \t]*)[\"']?"
"""Between an option and its value."""
_VALUE = r"(?P<secret>[^\s\"'`$<>|;{}()-][^\s\"'`$<>|;]{3,256})"
_WORD = r"(?i:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key)[\w.-]{0,20}"
_NAMED = rf"[\w.-]{{0,40}}?{_WORD}"
"""A name that says what is behind it."""
_PIPED = r"(?:[ \t]+-[ne])?(?:[ \t]+[\"']%s(?:\\n)?[\"'])?[ \t]+[\"']?"


def _row(programs: tuple[str, ...], before: str, hint: str = "") -> tuple[str, tuple[str, ...], re.Pattern[str]]:
    return hint, programs, lazy(before + _VALUE)


_COMMANDS = (
    _row(
        ("docker login", "podman login", "nerdctl login", "buildah login", "skopeo login", "helm registry login",
         "az login", "az acr login", "cf login", "oc login", "ibmcloud login", "oras login", "crane auth login"),
        rf"{_GAP}(?:-p|--password)(?:=[\"']?|{_BEHIND})",
    ),
    _row(("redis-cli",), rf"{_GAP}-a{_BEHIND}"),
    _row(("--requirepass", "--masterauth"), rf"(?:=[\"']?|{_BEHIND})"),
    _row(("mosquitto_",), rf"\w{{3}}{_GAP}-P{_BEHIND}"),
    _row(("ldap",), rf"(?:search|modify|add|delete|whoami|passwd){_GAP}-w{_BEHIND}"),
    _row(("pass", "passin", "passout"), r"[ \t\"',=]{1,4}pass:", "pass:"),
    _row(("mongo",), rf"(?:sh|dump|restore|export|import|stat|top|files)?{_GAP}-p(?:[\"']?|{_BEHIND})"),
    _row(
        ("smb", "rpcclient", "winexe", "wmic", "net rpc", "net ads", "pth-"),
        rf"\w{{0,12}}{_GAP}-U[ =]?[\"']?[\w.\\/@-]{{1,64}}%",
        "-U",
    ),
    _row(("keytool", "jarsigner"), rf"{_GAP}-(?:(?:src|dest)?(?:store|key)pass|new){_BEHIND}"),
    _row(("storePassword", "keyPassword"), r"(?:[ \t]+|\()[\"'](?=[^\"'\r\n]{4,256}[\"'])"),
    _row(("openssl",), rf"{_GAP}-(?:k|K|pass|passin|passout){_BEHIND}(?:pass:)?"),
    _row(("zip", "unzip", "zipcloak"), rf"{_GAP}-P{_BEHIND}", "-P"),
    _row(
        ("7z a", "7z x", "7za a", "7za x", "7zr a", "rar a", "rar x", "unrar x", "unrar e"),
        rf"{_GAP}-h?p(?=[^\s\"']{{0,200}}\d)",
    ),
    _row(("sqlcmd", "osql", "isql", "bcp", "tsql"), rf"{_GAP}-P(?:[\"']?|{_BEHIND})", "-P"),
    _row(("cqlsh", "beeline", "psexec", "PsExec", "rdesktop"), rf"{_GAP}-p{_BEHIND}"),
    _row(("net user", "NET USER", "Net User"), r"[ \t]+[\w.\\-]{1,64}[ \t]+(?=\S{0,200}\d)"),
    _row(
        ("net use", "NET USE", "Net Use"),
        r"(?:[^\r\n|;]{1,200}?/(?i:user):\S{1,64}[ \t]+"
        r"|(?:[ \t]+\S{1,3})?[ \t]+\\\\\S{1,128}[ \t]+(?=\S{1,200}[ \t]+/(?i:user):))(?=\S{0,200}\d)",
    ),
    _row(
        ("xfreerdp", "mstsc", "cmdkey", "wmic", "schtasks", "runas"),
        rf"{_GAP}/(?i:p|pass|password|rp)(?::|[ \t]+)[\"']?",
    ),
    _row(("lftp",), rf"{_GAP}-u[ \t]+[\"']?[\w.@+-]{{1,64}},"),
    _row(("htpasswd",), r"[ \t]+(?:-\w{1,8}[ \t]+){1,4}(?:[\w./~-]{1,128}[ \t]+){1,2}[\"']?"),
    _row(
        ("rabbitmqctl",), r"[ \t]+(?:add_user|change_password|authenticate_user)[ \t]+[^\s-]\S{0,63}[ \t]+[\"']?"
    ),
    _row(("snmp",), rf"(?:get|walk|set|bulkwalk|getnext|table|trap){_GAP}-[AX]{_BEHIND}"),
    _row(("ssh-keygen",), rf"{_GAP}-[NP]{_BEHIND}"),
    _row(("wpa_passphrase",), r"[ \t]+(?:\"[^\"\r\n]{1,32}\"|'[^'\r\n]{1,32}'|\S{1,32})[ \t]+[\"']?"),
    _row(("snmp-server community",), r"[ \t]+"),
    _row(("radius-server", "tacacs-server"), r"[ \t][^\r\n]{0,120}?\bkey[ \t]+(?:\d[ \t]+)?"),
    _row(
        ("username",),
        r"[ \t]+\S{1,64}(?:[ \t]+privilege[ \t]+\d{1,2})?[ \t]+(?:password|secret)[ \t]+(?:\d[ \t]+)?"
        r"(?=\S{0,100}\d)(?=\S{0,100}[A-Z!#%*&])",
    ),
    _row(("enable",), r"[ \t]+(?:password|secret)[ \t]+(?:\d[ \t]+)?(?=\S{0,100}\d)(?=\S{0,100}[A-Z!#%*&])"),
    _row(("gh secret set",), r"[^\r\n|;]{1,200}?[ \t](?:--body|-b)(?:[ \t]+|=)?[\"']?"),
    _row(("_authToken",), r"[ \t]+(?=[A-Za-z0-9_-]{20})"),
    _row(("openssl passwd",), r"[ \t]+-(?:\d|apr1|crypt)[ \t]+(?:-salt[ \t]+\S{1,64}[ \t]+)?[\"']?"),
    _row(("useradd", "usermod", "mysqladmin"), rf"{_GAP}(?:-p|--password|password){_BEHIND}"),
    _row(("vault login",), r"(?:[ \t]+-\S{1,64}){0,3}[ \t]+(?:token=)?(?=\S{20,})"),
    _row(("vault kv", "vault write", "bao kv", "bao write"), rf"[^\r\n|;]{{1,200}}?[ \t]{_NAMED}=[\"']?"),
    _row(
        ("consul kv put", "etcdctl put", "pulumi config set --secret", "chamber write"),
        r"(?:[ \t]+-\S{1,40}){0,3}(?:[ \t]+[\w.-]{1,64})??[ \t]+"
        rf"[\w./-]{{0,140}}?{_WORD}[ \t]+(?:--[ \t]+)?[\"']?",
    ),
    _row(("az keyvault secret set",), rf"{_GAP}--value(?:=[\"']?|{_BEHIND})"),
    _row(("aws configure set",), r"[ \t]+\S{0,80}aws_(?:secret_access_key|session_token)[ \t]+[\"']?"),
    _row(
        ("npm config set", "yarn config set", "pnpm config set"),
        r"[ \t]+\S{0,200}:_(?:authToken|auth|password)[ =][\"']?",
    ),
    _row(("terraform", "tofu", "terragrunt"), rf"{_GAP}--?var(?:=|[ \t]+)[\"']?{_NAMED}=[\"']?", "-var"),
    _row(("ansible-vault encrypt_string",), r"(?:[ \t]+--[\w-]{2,30}[ =][^\s;|]{1,80}){0,4}[ \t]+[\"']?(?!-)"),
    _row(("curl",), rf"{_GAP}(?:-F|--form|--form-string)[ =]?[\"']?{_NAMED}=[\"']?"),
    _row(
        ("http POST", "http PUT", "http PATCH", "https POST", "https PUT", "xh post", "xh POST"),
        rf"[^\r\n|;]{{1,200}}?[ \t][\"']?{_NAMED}:?=[\"']?",
    ),
    _row((".Values.",), rf"[\w.]{{0,140}}?{_WORD}[ \t]*\|[ \t]*default[ \t]+\\?[\"']", "default"),
    _row(
        ("gcloud secrets", "wrangler secret put", "docker secret create"),
        r"[^\r\n|;]{1,200}?<<<[ \t]*[\"']?",
        "<<<",
    ),
    _row(("sudo",), r"[ \t]+(?:-\w{1,8}[ \t]+){0,3}-\w{0,4}S\b[^\r\n|;<]{0,200}<<<[ \t]*[\"']?", "<<<"),
    _row(
        ("echo", "printf"),
        _PIPED + r"(?:[\w.@-]{1,64}:(?=[^\r\n|]{1,260}\|[^\r\n]{0,40}chpasswd)"
        r"|(?=[^\s\"'`$|<>]{4,256}[\"']?[ \t]*\|[ \t]*(?:\w{1,12}[ \t]+)?"
        r"(?:sudo[^\r\n|;]{0,80}[ \t]-\w{0,4}S"
        r"|(?:sudo[ \t]+)?(?:kinit|cryptsetup|passwd|(?:gcloud|docker|wrangler)[ \t]+secret)s?\b)))",
        "|",
    ),
)  # fmt: skip
"""What stands in every such text, the words a command begins with, and what stands between them and the value."""


_HOLES = ("$", "%", ":", "@", "?", "/", "\\", "&", "~", "env:", "file:", "fd:", "stdin")
"""With these begins what only says where the password is."""


def find(text: str) -> Iterator[Found]:
    """Every password that a command is given, in no order."""
    for hint, programs, pattern in _COMMANDS:
        for program in programs if hint in text else ():
            place = text.find(program)
            while place >= 0:
                end = place + len(program)
                match = pattern.match(text, end) if not text[place - 1 : place].isalnum() else None
                value = match["secret"].rstrip(",") if match else ""
                value = value if "(" in value else value.rstrip(")")
                if match and _is_one(value):
                    yield Found("password", match.start("secret"), match.start("secret") + len(value))
                place = text.find(program, end)


def _is_one(value: str) -> bool:
    """Whether a value is more than a hole or a name: any digit or sign, or a word that can be one."""
    if len(value) < 4 or is_placeholder(value) or value.startswith(_HOLES):
        return False
    return could_be(value) if value.isalpha() else any(map(str.isalnum, value)) and not is_other(value)
