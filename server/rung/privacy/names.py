r"""Names that tell a secret is given to them, and which values such a name may have.

``password``, ``"api_key"``, ``DB_PASS``, ``пароль``, alone or in a longer name; not the names of what is about a
secret: ``password_hash``, ``max_tokens``. Where the value stands is :mod:`rung.privacy.assignments`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.values import (
    is_camel,
    is_mixed,
    is_of_signs,
    is_placeholder,
    looks_like_password,
    looks_like_short_key,
    looks_random,
)
from rung.privacy.words import could_be, could_be_phrase, is_numbered, is_other, is_weak
from rung.types.pattern import lazy
from rung.types.value import Value

_WHOSE = (
    "user|db|admin|root|smtp|mail|email|imap|ftp|ssh|http|proxy|auth|login|account|client|server|host|app|my|mysql|redis"
    "|mongo|postgres|pg|sql|ldap|wifi|keystore|store|key|new|old|current|default|web|rpc|mqtt|amqp|vpn|api|bind|olcroot"
)
_WORD = lazy(
    r"(?P<password>passw(?:or)?d|passwort|pass[_ -]?phrase|pass[_-]?code|pwd|contrase(?:ñ|n)a"
    rf"|(?<![a-z])(?:{_WHOSE})?(?:pass|pw)(?![a-z])"
    r"|kennwort|mot[_ -]?de[_ -]?passe|palavra[_ -]passe|wachtwoord|l(?:ö|o)senord"
    r"|(?<![a-z])(?:senha|hasło|haslo|heslo|psk)(?![a-z])|пароль(?!\w)|密码|密碼|口令|パスワード|비밀번호)"
    r"|(?P<key>secret key|secret|tokens?(?![a-z])|credentials?|(?<![a-z])_auth(?![a-z])|(?<=_)pat(?![a-z])"
    r"|(?:session|auth|login)[_-]?cookie|(?<![a-z])bw_session(?![a-z])"
    r"|(?:api|access|auth|private|account|shared|service|signing|encrypt(?:ion)?|master|license|storage|secret|deploy"
    r"|webhook|hmac|aes|openai|anthropic|aws|azure|write)[_ -]?key"
    r"|(?:client|session|cookie|jwt|admin|app|db|database|user|ssh|rsa|kaggle|validation|decryption)[_-]?key"
    r"|(?<![a-z])(?:my|our|your|old|new|prod|live) key(?![a-z])"
    r"|(?:api|zugangs|geheim)[_ -]?schlüssel|(?<![a-z])jetons?(?![a-z])"
    r"|cl(?:é|e)[_ ](?:d['\u2019]|de[_ ](?:l['\u2019])?)?(?:api|acc(?:è|e)s|secr(?:è|e)te|priv(?:é|e)e)"
    r"|(?:clave|chave)[_ ](?:de[_ ](?:la[_ ])?|da[_ ])?(?:api|acc?es+o|secreta|privada)"
    r"|密钥|密鑰|秘钥|令牌|トークン|シークレット|秘密鍵|アクセスキー|apiキー)"
)
"""In small letters, as the text is in which it is looked for: so it takes a third of the time."""
_PIECES = {
    "pass": 9, "pw": 9, "contrase": 0, "kennwort": 0, "wachtwoord": 0, "senord": 2, "senha": 0, "has": 0, "heslo": 0,
    "psk": 0, "пароль": 0, "密码": 0, "密碼": 0, "口令": 0, "パスワード": 0, "비밀번호": 0, "secret": 0, "token": 0,
    "credential": 0, "_auth": 0, "_pat": 0, "cookie": 8, "bw_session": 0, "key": 12, "schlüssel": 8, "jeton": 0,
    "clé": 0, "cle": 0, "clave": 0, "chave": 0, "密钥": 0, "密鑰": 0, "秘钥": 0, "令牌": 0, "トークン": 0,
    "シークレット": 0, "秘密鍵": 0, "アクセスキー": 0, "apiキー": 0,
}  # fmt: skip
"""One of these stands in every such word, at most so many letters behind its beginning."""
_KEYS = """
    api access auth private account shared service signing encrypt encryption master license storage secret deploy
    webhook hmac aes openai anthropic aws azure write client session cookie jwt admin app db database user ssh rsa
    kaggle validation decryption my our your old new prod live
"""
"""Before ``key`` in such a word."""
_OF_A_KEY = tuple(_KEYS.split())
_LONGEST = 40
"""Letters of such a word, or more."""
_NAME_BEFORE = lazy(r"[\w.-]{0,80}\Z")
_NAME_AFTER = lazy(r"(?:(?![\u3040-\u9fff\uac00-\ud7af])[\w.-]){0,60}")
"""Chinese, Japanese and Korean go on without a blank: ``token是``."""
_NOT_ONE = lazy(
    r"""(?ix)(?:^|[_.\W])?(?:
    hash(?:ed|es|er|ers|ing)?|encoder|generator|strength|checker|meter|rules?|type|name|field|file|filename|path|dir|url|uri|endpoint|env|var|header|prefix|suffix|length|len|size|count|
    regex|pattern|format|label|hint|help|text|title|message|error|id|ids|kind|class|algorithm|method|policy|scope|scopes|
    expiry|expires|expir\w*|ttl|age|status|prompt|placeholder|description|desc|version|limit|usage|budget|index|column|parser|factory|
    last\w*|used|updated|changed|created|at|date|time|
    provider|manager|store|storage_class|handler|validator\w*|required|enabled|rotation|arn|ref|selector|input|icon|node|node_id|
    fingerprint|digest|checksum|public|identity
    )\W?\Z"""
)
_PUBLIC = lazy(r"(?i)public|(?:^|[_.-])(?:no|not|num|max|min|is|has|n|test_?id|csrf_?cookie)[_.-]")
_PASSING = lazy(r"(?i)(?:next|page|continuation|request|lock|change|idempotency|cursor|sync|resume|action)[_-]?\Z")
"""Before ``token``: what only says where to go on."""
_WORD_NAME = lazy(r"s?|_?(?:\d{1,3}|prod|dev|staging|default|value)")
"""What may follow ``password`` in a name whose value may be a plain word: not ``password_column``."""
_SECRET_NAME = lazy(r"(?i)(?:.*_)?secret|(?:api|signing|encrypt(?:ion)?|master|jwt|hmac|secret)[_ -]?key")
_SECRET_REST = lazy(r"(?i)s?|[_-]?(?:access[_-]?)?key(?:[_-]?base)?|[_-]?(?:\d{1,3}|prod|dev|staging|default|value)")
"""With the one before: the names whose value may be shorter than a key is."""
_NUMBERED = lazy(r"[^\W\d_]{4,40}\d{2,6}")
"""A word that hardly names anything: ``Tiger123``."""
_PHRASE = lazy(r"(?=[^\d]*\d)[A-Za-z0-9]{1,24}(?:[-_][A-Za-z0-9]{1,24}){2,12}[!?]?")
_SIGNS = lazy(r"(?i)jwt|session|cookie|sign|hmac|csrf|nextauth|django|flask|rails")
"""Of what signs with it: its secret is mostly typed by a person."""
_VERB = lazy(
    r"(?i)(?:forgot(?:ten)?|reset|change|show|hide|toggle|enter|type|confirm|repeat|verify|check|validate|no|has|is|use"
    r"|without|lost|update|create|set|get|invalid|wrong|bad|weak|missing|empty|save|remember)[_-]?\Z"
)
"""Before ``password`` in the name of a label, a button, a question."""


class Name(Value):
    """The whole name a word stands in."""

    kind: str
    """Of what it is the name: ``password`` or ``secret``."""
    before: str
    word: str
    rest: str
    start: int
    end: int

    @property
    def is_secret(self) -> bool:
        """Whether it says ``secret``, or ``key`` of what is one, and nothing behind it."""
        return bool(_SECRET_NAME.fullmatch(self.word) and _SECRET_REST.fullmatch(self.rest))

    @property
    def is_loud(self) -> bool:
        """Whether it is in capitals, as variables of the environment are."""
        return f"{self.before}{self.word}{self.rest}".isupper()


def find(text: str) -> Iterator[Name]:
    """Every telling name in a text, in its order."""
    # Of all letters only this one has two for a small letter, which would move the rest.
    for word in _words(text.replace("\u0130", "i").lower()):
        if name := _name(text, word):
            yield name


def _words(lower: str) -> Iterator[re.Match[str]]:
    """What ``_WORD`` finds, in a fifth of its time: it is asked only where a piece of one of its words stands."""
    hits = list[tuple[int, int]]()
    for piece, back in _PIECES.items():
        place = lower.find(piece)
        while place >= 0:
            if piece != "key" or lower[max(0, place - 12) : place].rstrip("_ -").endswith(_OF_A_KEY):
                hits.append((max(0, place - back), place))
            place = lower.find(piece, place + len(piece))
    searched = 0
    for start, place in sorted(hits):
        while searched <= place and (word := _WORD.search(lower, max(start, searched), place + _LONGEST)):
            if word.start() > place + 1:  # what stands before a word, as in ``_pat``, is no letter of it
                break
            searched = word.end()
            yield word


def _name(text: str, word: re.Match[str]) -> Name | None:
    """The name a word stands in; None where it names something about a secret."""
    before = _NAME_BEFORE.search(text, max(0, word.start() - 80), word.start())
    after = _NAME_AFTER.match(text, word.end())
    assert before is not None
    assert after is not None
    head, rest = before[0].lstrip("-."), after[0]  # a diff's sign, an option's dashes
    said = text[word.start() : word.end()]
    if said[-1] >= "\u3000":
        rest = ""  # Chinese and Japanese go on without a blank
    if rest[:1].islower() and rest[:2] not in {"s", "s_", "s-"} and not said.isupper():
        return None
    if _NOT_ONE.search(rest) or _camel_end(rest) or _PUBLIC.search(head) or text.endswith("::", 0, before.start()):
        return None
    if word[0].startswith("token") and _PASSING.search(head):
        return None
    kind = "password" if word["password"] else "secret"
    return Name(kind, head, said, rest, word.start() - len(head), word.end() + len(rest))


def _camel_end(rest: str) -> bool:
    last = re.search(r"[A-Z][a-z]+\Z", rest)
    return bool(last and _NOT_ONE.search("_" + last[0]))


def fits(value: str, name: Name, *, quoted: bool) -> bool:
    """Whether a value can be the secret of a name by its own look."""
    if (looks_random(value) and (quoted or not is_camel(value))) or is_of_signs(value):
        return True
    if name.kind == "secret":
        return name.is_secret and looks_like_short_key(value, quoted=quoted)
    return looks_like_password(value, quoted=quoted) and not is_other(value)


def is_word(text: str, name: Name, value: str, *, quoted: bool = False) -> bool:
    """Whether a plain word, or several, can be the secret: the name must be nothing but one."""
    numbered = _NUMBERED.fullmatch(value) is not None
    if name.kind == "secret":
        signs = name.is_loud or _SIGNS.search(name.before + name.word)
        phrase = len(value) >= 20 and signs and _PHRASE.fullmatch(value) and not is_placeholder(value)
        return name.is_secret and (bool(phrase) or (numbered and len(value) >= 8 and could_be(value)))
    if not _WORD_NAME.fullmatch(name.rest) or _VERB.search(name.before):
        return False
    short = name.word.lower() in {"pass", "pwd", "pw"}
    if short and not name.before and "user" not in text[max(0, name.start - 160) : name.end + 160].lower():
        return numbered and not name.is_loud and could_be(value)  # ``PASS: name12`` is a test's
    if could_be(value, loud=(name.before + name.word).isupper()) or is_weak(value):
        return True
    if is_numbered(value, quoted=quoted) or (is_mixed(value) and not is_other(value) and not is_placeholder(value)):
        return True
    phrase = name.word.lower().startswith("pass") and name.word.lower().endswith("phrase")
    return could_be_phrase(value, least=3 if phrase else 4, quoted=quoted)
