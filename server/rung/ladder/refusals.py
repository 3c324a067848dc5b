"""What a refusal looks like: the first sentence of an answer says that it will not be one.

An answer may well talk of what cannot be done, and be sorry for it. So neither regret nor "I can't" is a refusal, only
"I can't help" in one of its forms; words inside code, comments and quotations do not count, and only the first
sentence is looked at. An answer that is nothing but such a sentence in a fence or in quotes is one, too.
"""

# ruff: noqa: E501, RUF001 - a pattern is easier to read in one piece, and other languages have other letters

from __future__ import annotations

import re

from rung.providers.invisible import visible
from rung.types.pattern import lazy

LOOK = 240
"""Characters of the answer, outside code and quotations, in which a refusal shows."""

_SAID = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b", "'") | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"')
)
_QUOTED = lazy(
    r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*>.*$|\"[^\"\n]*\"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))+'(?!\w)",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = lazy(r"\A\s*(?:#+ |//|/\*|--\s|;|<!--|%|\"\"\"|''')")
_WHOLE = lazy(r"\A\s*(?:```\w*\n(?P<fenced>[^`]+)```|(?P<quote>[\"'])(?P<quoted>[^\"\n]+)(?P=quote))\s*\Z")
_WORDLESS = lazy(r"\A[\W_]+")
_LEAD = (
    r"\A(?:(?:assistant|ai|bot|answer|response)\W{0,4}:[\W_]*)?"
    r"(?:(?:sure(?: thing)?|certainly|of course|okay|ok|alright|hello|hi(?: there)?|hey|no|nope|nein|hm+|well"
    r"|(?:i'm|i am) sorry,? \w+(?=[.!])|let me be (?:direct|clear|honest|frank)|to be (?:clear|honest)"
    r"|(?:thank you|thanks|i understand|i appreciate)\b[^.!?\n]{0,80}?)[\W_]+(?:but |however,? )?){0,3}"
)

_CANT = (
    r"(?:(?:can(?:'t|not| not)|could(?:n't| not)|won't|will not|would(?:n't| not)|(?:'d|would) rather not)"
    r"(?: be able to)?|(?:am|'m) (?:unable|not (?:able|allowed|permitted|in a position|going|willing)) to"
    r"|(?:(?:do not|don't) have|lack) (?:the |any )?(?:ability|capability|capacity|means|permission|authority) to)"
)
_ASKED = (
    r"(?:this|that|your|the|such|these|those|any|an?)\s(?:[\w-]+\s){0,2}?(?:requests?|tasks?|questions?|prompts?|quer(?:y|ies)"
    r"|information|content|assistance|instructions?|responses?|answers?|materials?|conversation|topic|commit message|review|explanation)\b"
)
# "I can't explain this code without generators" explains it, and "your code's callers" are not the code.
_CODE = r"(?:this|that|your) (?:\w+ )?(?:code|file|text|snippet|change)\b(?!'s| (?:without|fully|entirely|completely|beyond|in (?:full|detail|isolation))\b)"
_HELP = (
    r"(?:in good conscience |directly |really )?(?:help(?: (?:with|you|in|on|out|further|here)\b|\s*[.!,;]|\s*\Z)"
    r"|assist(?: (?:with|you|in|on|further)\b|\s*[.!,;]|\s*\Z)|comply(?: with\b|\s*[.!,;]|\s*\Z)|engage (?:in|with) (?:this|that|such|your|any|discussions?|conversations?)\b|fulfil+ (?:this|that|your|the|such|any)\b"
    rf"|(?:provide|answer|complete|process|perform|execute|respond to|discuss|write|generate|create"
    rf"|produce|continue(?: with)?|proceed with|support|share|offer|give|do|handle|carry out) (?:{_ASKED}|(?:further |any )?(?:assistance|information|help|support)\b)"
    rf"|(?:explain|review|analy[sz]e|summari[sz]e|translate) {_CODE}|(?:write|generate|produce) (?:this|that|such|any) (?:\w+ )?(?:code|text)\b)"
)
_DOING = (
    rf"(?:(?:help|assist|comply|proceed|respond)ing\b|(?:provid|answer|complet|discuss|writ|generat|creat|produc|continu|shar|do|handl|engag|support)ing (?:{_ASKED}|(?:this|that|such|it|these|those)\b|with\b|in\b)"
    rf"|(?:explain|review|analy[sz]|summari[sz]|translat)ing {_CODE})"
)
_NO = rf"\bi(?: (?:really|simply|also) | |(?='))(?:{_CANT} {_HELP}|(?:(?:don't|do not) feel|am not|'m not) comfortable (?:with )?{_DOING})"
_THINK = rf"i (?:do not|don't) (?:think|believe|feel) (?:that )?i(?:'d| would|'ll| will)?(?: can| could| should|'m able to|'m allowed to| be able to) {_HELP}"
_SEEMS = r"(?:it (?:seems|looks like|appears|turns out)(?: that)?|i (?:think|believe|guess)(?: that)?|as (?:far as i know|it stands),?) "
_DECLINE = (
    r"\bi(?: (?:must|have to|need to|will)|'ll)? (?:respectfully |politely )?(?:decline|refuse)"
    r"(?: (?:this|that|your|the|to (?:help|assist|answer|comply|fulfil+|do|provide|write))(?: request| task| question)\b"
    r"| to (?:help|assist|answer|comply|provide)\b|\s*[.!]|\s*\Z)"
)
_SORRY = (
    r"(?:(?:i'm|i am|we're) (?:very |really |so |truly |deeply )?(?:sorry|afraid)|sorry|unfortunately|regrettably"
    r"|(?:i |my )?(?:sincere(?:ly)? )?apolog(?:i[sz]e|ies)|i regret)\b"
)
_MODEL = (
    r"as an? (?:ai|artificial intelligence|large language|language)(?: language)?(?: model| assistant| system)?,? "
    rf"(?:(?:developed|created|made|trained|built) by [^,.\n]{{1,30}}, )?(?:\w+,? ){{0,3}}?i(?: |(?=')){_CANT}\b"
)
_S = r"[^.!?\n]"
_PAUSE = r"[\s,.:;!…–—-]*"

_FORMS = (
    # English
    rf"{_SORRY}{_PAUSE}(?:{_S}{{0,80}}?)(?:{_NO}|{_DECLINE}|{_MODEL})",
    rf"{_SORRY}{_PAUSE}(?:{_S}{{0,40}}?)\bi(?: |(?=')){_CANT} (?:do|say) (?:that|this|so|it)\s*(?:[.!,;]|\Z)",
    rf"{_SORRY}{_S}{{0,60}}(?:against|violates?|outside) (?:my|our|the) (?:\w+ ){{0,2}}(?:guidelines|polic(?:y|ies)|programming|principles)",
    rf"(?:this|that|your|the) (?:request|prompt|question){_S}{{0,80}}\b(?:polic(?:y|ies)|guidelines){_S}{{0,30}}\bi {_CANT}\b",
    rf"{_SORRY}{_PAUSE}(?:but )?(?:that|this)(?: is|'s) (?:not )?(?:something|a (?:topic|request|task)) (?:that )?i(?: |(?=')){_CANT}",
    rf"{_SORRY}{_PAUSE}(?:but )?(?:that|this)(?: is|'s) not something (?:that )?i(?: can|'m able to) (?:help|assist|do)\b",
    r"(?:it(?:'s| is)|this is|that(?:'s| is)|answering this is) against my (?:\w+ )?(?:guidelines|polic(?:y|ies)|programming|principles)\b",
    rf"(?:{_SEEMS})?{_NO}",
    _THINK,
    rf"(?:that|this)(?: one)?(?: is|'s)(?: not)? (?:something|a (?:topic|request|task)) (?:that |which )?i(?:{_CANT}| {_CANT}| can|'m able to) (?:help|assist)(?: you)?(?: with)?\s*(?:[.!,;]|\Z)",
    _DECLINE,
    _MODEL,
    rf"i(?:'m| am) (?:programmed|designed|trained|built) to {_S}{{0,60}}\b(?:can't|cannot|can not) (?:do|help|assist|comply)\b",
    rf"i(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b{_S}{{0,40}}?\b(?:and|so|but|,) (?:i )?{_CANT} {_HELP}",
    # German
    rf"(?:es tut mir leid{_PAUSE}(?:aber )?)?ich bin (?:leider )?nicht in der lage\b{_S}{{0,60}}\b(?:helfen|beantworten|unterstützen|erfüllen|bearbeiten)",
    (
        rf"(?={_S}{{0,90}}\bich\b)(?:(?:es )?tut mir (?:sehr |wirklich )?leid|entschuldigung|entschuldigen sie|leider"
        rf"|bedauerlicherweise|ich|dabei|damit|hierbei|das|diese[nrsm]?)\b{_PAUSE}{_S}{{0,60}}\b(?:kann|darf|werde|möchte|könnte)\b"
        rf"{_S}{{0,70}}\b(?:nicht|keine\w?)\b{_S}{{0,50}}\b(?:helfen|weiterhelfen|beantworten|unterstützen|nachkommen|erfüllen"
        r"|bearbeiten|entsprechen|behilflich|tun(?=\s*(?:[.!]|\Z)))\b"
    ),
    rf"(?:{_S}{{0,40}}\b)?(?:dabei|damit|hierbei|da) helfe ich\b{_S}{{0,30}}\bnicht\b",
    # French
    (
        rf"(?:(?:je suis )?(?:vraiment |sincèrement )?(?:désolée?|navrée?)|malheureusement|excusez-moi|je regrette|pardon)?{_PAUSE}"
        rf"(?:{_S}{{0,40}}\b)?je ne (?:peux|puis|pourrai|suis)\b{_S}{{0,50}}\b(?:aider|assister|répondre|satisfaire"
        r"|accéder à (?:cette|votre)|traiter (?:cette|votre)|donner suite|effectuer (?:cette|votre)|fournir (?:cette|ces?|d'aide))\b"
    ),
    # Spanish
    (
        rf"(?:lo siento|disculp[ae]|lamentablemente|desafortunadamente|lo lamento|perdón)?{_PAUSE}(?:pero )?(?:yo )?"
        rf"\bno (?:puedo|podré|me es posible|estoy en condiciones|soy capaz)\b{_S}{{0,40}}?\b(?:ayudar\w*|asistir(?:te|le|los)\b|cumplir"
        r"|proporcionar\w* (?:es|información|ayuda)|responder\w*|atender (?:es|tu|su)|completar (?:es|tu|su)|realizar (?:es|tu))"
    ),
    # Portuguese
    (
        rf"(?:sinto muito|(?:me )?desculp[ea]|lamento|infelizmente|peço desculpas?)?{_PAUSE}(?:mas )?(?:eu )?"
        rf"\bnão (?:posso|consigo|poderei|me é possível)\b{_S}{{0,40}}?\b(?:ajud\w+|auxili\w+|responder|atender"
        r"|cumprir|fornecer (?:es|is|informa)|realizar (?:es|is))"
    ),
    # Italian
    (
        rf"(?:mi (?:di)?spiace|(?:sono )?spiacente|purtroppo|scus(?:a|ami|i)|mi scuso)?{_PAUSE}(?:ma )?(?:io )?"
        rf"\bnon (?:posso|potrò|sono in grado|mi è possibile)\b{_S}{{0,40}}?\b(?:aiutar\w*|assister(?:ti|la|vi)\w*|rispondere"
        r"|soddisfare|fornire (?:quest|tal|informa|assistenza)|eseguire (?:quest|la richiesta)|completare (?:quest|la richiesta))"
    ),
    # Dutch
    (
        rf"(?:het spijt me|helaas|sorry|(?:mijn )?excuses)?{_PAUSE}(?:{_S}{{0,20}}\b)?(?:(?:kan|mag) ik|ik (?:kan|mag))\b"
        rf"{_S}{{0,50}}\b(?:niet|geen)\b{_S}{{0,40}}\b(?:helpen|beantwoorden|voldoen|assisteren|ingaan)\b"
    ),
    # Polish
    (
        rf"(?:(?:bardzo )?(?:przykro mi|przepraszam)|niestety)?{_PAUSE}(?:ale )?\bnie (?:mogę|jestem w stanie|potrafię)\b"
        rf"{_S}{{0,40}}?\b(?:pomóc|odpowiedzieć na|spełnić|zrealizować|udzielić|udostępnić)"
    ),
    # Russian
    (
        rf"(?:извините|простите|к сожалению|(?:я )?сожалею|прошу прощения|мне (?:очень )?жаль)?{_PAUSE}(?:но )?(?:я )?(?:\w+ )?"
        rf"не (?:могу|смогу|в состоянии)\b{_S}{{0,40}}?(?:помочь|помогать|выполнить (?:эт|ваш|так|данн)|ответить на (?:эт|ваш|так|данн)"
        r"|предоставить|обсуждать)"
    ),
    # Chinese
    (
        r"(?:(?:对不起|對不起|(?:非常|十分|很|真的)?抱歉|不好意思|很?遗憾)[^。！？\n]{0,10}?|我)(?:我)?[^。！？\n]{0,4}?"
        r"(?:无法|不能|無法|没办法|不便)[^。！？\n]{0,8}?(?:帮(?:助|你|您|到)|幫|协助|協助|提供(?:帮助|这|此|该|任何|相关)|满足|滿足|回答(?:这|此|该|您|你)|完成(?:这|此|该|您|你)|处理(?:这|此|该|您|你))"
    ),
    r"(?:对不起|對不起|(?:非常|十分|很|真的)?抱歉)[，,\s]*(?:这个|您的|你的|该|此)?(?:请求|要求|问题|任务)[^。！？\n]{0,4}(?:无法|不能)[^。！？\n]{0,4}(?:完成|满足|处理|回答|提供)",
    # Japanese
    (
        r"(?:(?:大変)?申し訳|すみません|すいません|ごめんなさい|恐れ入りますが|残念ながら)[^\n]{0,50}?"
        r"(?:お応え|お答え|応じ|お手伝い|お助け|ご協力|ご要望|リクエスト|ご提供|ご質問)[^。\n]{0,16}?(?:でき(?:ません|かね)|出来ません|いたしかね|かねます|られません)"
    ),
    r"(?:その|この|ご)[^。\n]{0,20}(?:お応え|お手伝い|お答え)(?:は|を)?(?:でき(?:ません|かね)|いたしかね)",
    # Korean
    (
        r"(?:(?:정말 |대단히 )?(?:죄송|미안|유감)[^\n]{0,40}?)?(?:도와|도움을|도움이|지원해|지원을|답변|응답|(?:요청|질문)(?:을|은|에)?[^.\n]{0,12}(?:수행|처리|응|도와))"
        r"[^.\n]{0,8}(?:수(?:는|가)? 없|못\s?합)"
    ),
    # Turkish
    (
        rf"(?:üzgünüm|maalesef|özür dilerim|ne yazık ki)\b{_PAUSE}{_S}{{0,50}}\b(?:yardımcı olam|yardım edem|yanıt verem|cevap verem"
        r"|yanıtlayam|yerine getirem|bunu yapam)"
    ),
    # Swedish, Danish, Norwegian; Czech; Ukrainian; Indonesian; Vietnamese; Arabic; Hindi
    rf"(?:(?:tyvärr|förlåt|beklager|desværre|dessverre|undskyld|jag är ledsen){_PAUSE}(?:men )?)?(?:(?:jag|jeg) kan|kan (?:jag|jeg)) (?:inte|ikke|desværre ikke|tyvärr inte)\b{_S}{{0,30}}\b(?:hjälpa|hjælpe|hjelpe|besvara|besvare|svara på den)",
    rf"(?:(?:bohužel|omlouvám se|je mi líto){_PAUSE}(?:ale )?)(?:{_S}{{0,30}}\b)?nemohu\b{_S}{{0,30}}\b(?:pomoci|odpovědět|vyhovět|splnit)",
    rf"(?:(?:на жаль|вибачте|перепрошую){_PAUSE}(?:але )?)?я не можу {_S}{{0,30}}?(?:допомогти|виконати ц|відповісти на ц|надати)",
    rf"(?:maaf|mohon maaf){_PAUSE}(?:tetapi |tapi )?(?:saya )?(?:tidak (?:dapat|bisa)) (?:membantu|memenuhi|menjawab|memberikan)",
    rf"(?:(?:rất )?xin lỗi|rất tiếc){_PAUSE}(?:nhưng )?(?:tôi )?không thể (?:giúp|hỗ trợ|trả lời|đáp ứng|cung cấp)",
    r"(?:عذر[اً]+|آسف|أعتذر|للأسف)[^.\n]{0,20}لا (?:أستطيع|يمكنني) (?:مساعد|الإجاب|تقديم|تلبية)",
    # Hungarian, Finnish, Romanian, Greek, Hebrew, Thai
    rf"(?:sajnálom|sajnos|elnézést|bocsánat){_PAUSE}(?:de )?{_S}{{0,40}}\bnem (?:tudok|áll módomban){_S}{{0,30}}\b(?:segíteni|válaszolni|segítséget)",
    rf"(?:valitettavasti|pahoittelen|anteeksi|olen pahoillani){_PAUSE}(?:mutta )?en (?:voi|pysty){_S}{{0,30}}\b(?:auttaa|auttamaan|vastata|vastaamaan)",
    rf"(?:îmi pare (?:foarte )?rău|din păcate|scuze){_PAUSE}(?:dar )?nu (?:(?:te|vă) )?(?:pot|sunt în măsură){_S}{{0,20}}\b(?:ajuta|ajut|răspunde|răspund)",
    rf"(?:λυπάμαι|συγγνώμη|δυστυχώς){_PAUSE}(?:αλλά |όμως )?δεν μπορώ να (?:(?:σας|σε) )?(?:βοηθήσω|απαντήσω|εξυπηρετήσω)",
    r"(?:אני )?(?:מצטער(?:ת)?|מתנצל(?:ת)?|לצערי)[^.\n]{0,12}(?:אני )?(?:לא יכול(?:ה)?|איני יכול(?:ה)?) (?:לעזור|לסייע|לענות)",
    r"(?:ขออภัย|ขอโทษ|เสียใจ)[^\n]{0,20}ไม่สามารถ(?:ช่วย|ตอบ|ให้ความช่วยเหลือ)",
    r"(?:मुझे खेद है|माफ़ कीजिए|क्षमा करें)[^।\n]{0,40}(?:मदद|सहायता|उत्तर)[^।\n]{0,12}नहीं (?:कर|दे) सकत",
)
_ALONE = (
    rf"{_SORRY}{_PAUSE}(?:but )?i(?: |(?=')){_CANT}",
    rf"{_SORRY}{_PAUSE}(?:but )?(?:that|this) (?:is not|isn't) (?:possible|something i can (?:help with|do))",
    r"(?:(?:es )?tut mir leid|entschuldigung|sorry)[,.]? (?:aber )?(?:das|dies|da) (?:geht|kann ich|ist) (?:leider )?nicht(?: möglich| tun)?",
    r"(?:leider|tut mir leid,?) (?:aber )?ist mir das (?:leider )?nicht möglich",
    r"ich darf (?:bei|das|dabei|hierbei)\b[^.!?\n]{0,40} nicht(?: helfen)?",
    r"(?:désolée?|je suis désolée?)[,.]? (?:mais )?(?:je ne (?:peux|puis) pas|c'est impossible|ce n'est pas possible)(?: faire (?:ça|cela))?",
    r"(?:lo siento|lo lamento|disculpa)[,.]? (?:pero )?no (?:puedo|me es posible|es posible)(?: hacer(?:lo| es[oa]))?",
    r"(?:desculpe|sinto muito|lamento)[,.]? (?:mas )?não (?:posso|consigo|é possível)(?: fazer (?:isso|isto))?",
    r"(?:mi dispiace|spiacente)[,.]? (?:ma )?non (?:posso|è possibile)(?: farlo)?",
    r"(?:het spijt me|sorry|helaas)[,.]? (?:maar )?(?:dat kan (?:ik )?(?:helaas )?niet|dat gaat niet)",
    r"(?:przykro mi|przepraszam|niestety)[,.]? (?:ale )?(?:nie mogę(?: tego zrobić)?|to niemożliwe)",
    r"(?:извините|простите|к сожалению)[,.]? (?:но )?(?:я )?(?:не могу(?: (?:этого|это) сделать)?|это невозможно)",
    r"(?:很|非常)?(?:抱歉|对不起)[,，。]?(?:我)?(?:不能|无法|做不到)(?:这样做|这么做)?",
    r"(?:申し訳(?:ありません|ございません)|すみません)(?:が、?|。)?(?:それは)?(?:できません|いたしかねます)",
    r"죄송(?:합니다|하지만)[.,]?\s*(?:그건 |그것은 )?(?:할 수 없습니다|안 됩니다|불가능합니다)",
)
_REFUSAL = lazy(f"{_LEAD}(?:{'|'.join(_FORMS)})", re.IGNORECASE)
_ONLY = lazy(rf"{_LEAD}(?:{'|'.join(_ALONE)})[\W_]*\Z", re.IGNORECASE)
_APOLOGY = lazy(
    rf"\s*(?:{_SORRY}|(?:es )?tut mir|leider|(?:je suis )?désolé|lo siento|desculpe|mi dispiace|het spijt|przykro|"
    r"извините|对不起|很?抱歉|申し訳|죄송|üzgünüm)",
    re.IGNORECASE,
)


_WANTED = lazy(
    r"\b(?:sorry|apolog\w+|refus\w+|declin\w+|reject\w*|turn(?:ing)? (?:it |them |him |her )?down|say(?:ing)? no"
    rf"|i {_CANT} (?:help|assist)|leid|entschuldig\w*|absag\w*|ablehn\w*|désolée?|excus\w+|refuser|lo siento|disculp\w+"
    r"|rechaz\w+|desculp\w+|recus\w+|mi dispiace|scus\w+|rifiut\w+|het spijt|przepraszam|przykro|извин\w*|отказ\w*)\b"
    r"|抱歉|对不起|對不起|道歉|拒绝|申し訳|すみません|断り|謝罪|죄송|사과|거절",
    re.IGNORECASE,
)


def wanted(asked: str) -> bool:
    """Whether a refusal may be what a person asked for: their own words speak of one, or of being sorry."""
    return bool(_WANTED.search(asked.translate(_SAID)))


def refuses(text: str) -> bool:
    """Whether the answer begins as a refusal; words inside code, quotations and block quotes do not count."""
    begin = visible(text[: LOOK * 5]).translate(_SAID)
    if len(text) <= LOOK * 2 and (whole := _WHOLE.match(begin)):
        inner = whole["fenced"] or whole["quoted"]
        # As a quotation a sentence may be what was asked for; one that is sorry, too, is the model's own.
        if _APOLOGY.match(inner):
            return bool(_REFUSAL.match(_WORDLESS.sub("", inner)))
    if _COMMENT.match(begin):
        return False
    plain = _WORDLESS.sub("", _QUOTED.sub(" ", begin))[:LOOK]
    return bool(_REFUSAL.match(plain) or (len(text) <= LOOK and _ONLY.match(plain)))
