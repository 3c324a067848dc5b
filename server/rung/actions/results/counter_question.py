"""An answer that asks back: for the code or the diff that it was given, or for what is wanted of it.

Talk of code that asks nobody for anything is none, so only the beginning of a sentence counts, outside of code and
quotations, in a short answer that names nothing of the code.
"""

# ruff: noqa: E501, RUF001 - a pattern is easier to read in one piece, and other languages have other signs

from __future__ import annotations

import re

from rung.providers.invisible import visible
from rung.types.pattern import lazy

LONGEST = 600
"""Characters; a longer answer says more than that something is missing."""
_SAID = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_NAMED = lazy(r"```|`[^`\n]+`")
_QUOTED = lazy(r"\"[^\"\n]*\"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))+'(?!\w)|^[ \t]*>.*$", re.MULTILINE)

_THING = r"(?:code|snippet|selection|source|file|function|program|text|diff|changes?|patch|input|details|information|context|content)"
_GIVE = r"(?:provide|share|paste|send|include|give|post|attach|insert|upload|supply|enter|specify|clarify)"
_HERE = r"(?:in|with) (?:your|the|this|our) (?:\w+ )?(?:message|question|prompt|request|conversation|chat|input|query|post)|attached|provided|selected|included|pasted|shared|given|yet|here(?=\s*[.!])"
_ASKS = lazy(
    r"(?:\A|(?<=[.!?\n])\s)[\W_]*(?:but |so |and |then |sure,? |however,? |unfortunately,? )?(?:it (?:looks|seems|appears)(?: like| that| as if| as though)? )?(?:"
    rf"(?:please|kindly|(?:could|can|would|will) you(?: please| kindly)?)(?: also)? {_GIVE} (?:me (?:with )?|us (?:with )?)?(?:the|your|some|a|any|more|that|it|which|what|additional|further|those)\b"
    rf"|i (?:do not|don't|did not|didn't|can't|cannot)(?: currently| actually| yet)? (?:see|find|have|receive)(?: access to)? (?:any|the|your|a) (?:\w+ ){{0,2}}?{_THING}(?: \w+){{0,2}}?(?:\s*[.!]| (?:{_HERE}|to (?:explain|review|analy[sz]e|look at|work with|describe|summari[sz]e))\b)"
    rf"|(?:there (?:is|are|was|were)|there's|i (?:see|have|received)) no (?:\w+ ){{0,2}}?(?:(?:code|snippet|diff)\s*[.!]|{_THING} (?:{_HERE}|to (?:explain|review|analy[sz]e|look at|work with|describe|summari[sz]e))\b)"
    rf"|no (?:\w+ )?{_THING} (?:was|were|has been|have been|is|are) (?:provided|given|included|attached|shared|selected)\b"
    r"|(?:you|your (?:message|request|question|prompt))(?:'ve| have)?(?: not|n't)? ?(?:haven't |didn't |did not |doesn't |does not |forgot to |only )(?:actually |yet )?(?:includ|provid|shar|past|attach|post|sen[dt]|contain)\w*"
    rf"|i(?:'ll|'d| will| would)? need (?:more (?:information|context|details|code)|(?:to see|you to {_GIVE}) |(?:the|your) (?:actual |full )?{_THING} )[^.!?\n]{{0,60}}\b(?:to|before|in order|so)\b"
    r"|(?:what|which|how)\b[^.!?\n]{0,60}\b(?:would you like|do you want|would you prefer)\b[^.!?\n]{0,80}\?"
    r"|bitte (?:gib|geben sie|füge?n?|teile?n?|poste?n?|schicke?n?|stelle?n?|sende?n?|kopiere?n?)\b[^.!?\n]{0,50}\b(?:code|text|diff|änderungen)"
    r"|(?:veuillez|pourriez-vous|peux-tu|pouvez-vous|merci de) (?:\w+ )?(?:fournir|partager|coller|envoyer|donner|inclure)\b[^.!?\n]{0,40}\b(?:code|texte|diff|modifications)"
    r"|(?:por favor,? |¿?(?:podrías|puedes|podría) )(?:proporci\w+|compart\w+|peg\w+|incl\w+|env\w+)\b[^.!?\n]{0,40}\b(?:código|texto|diff|cambios)"
    r"|请(?:先)?(?:提供|粘贴|分享|发送)[^。！？\n]{0,16}(?:代码|文本|内容|差异)"
    r"|[^。\n]{0,20}(?:コード|差分|テキスト)を(?:提供|貼り付け|共有|お送り)[^。\n]{0,6}(?:ください|いただけ)"
    r")",
    re.IGNORECASE,
)


def asks_back(raw: str) -> bool:
    """Whether the answer asks for what it was given, or what it should do with it."""
    text = visible(raw).translate(_SAID).strip()
    if len(text) > LONGEST or _NAMED.search(text):
        return False
    return bool(_ASKS.search(_QUOTED.sub(" ", text)))
