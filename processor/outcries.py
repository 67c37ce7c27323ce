"""Does a text that has no level tell of an error?

Each sign looks for something that hardly ever stands in the text of an event that is none. What only
speaks of errors is taken out first: "0 errors", "error=nil", "on error", "/errors/404.html". A corpus
of both kinds of lines holds them to that (`tests/corpus/`).

No pattern here takes more than linear time: repetitions are bounded, or cannot go on in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ahocorasick_rs import AhoCorasick

_LOOKED_AT = 400

_HINTS = AhoCorasick(
    [
        "err",
        "fail",
        "fatal",
        "panic",
        "crit",
        "severe",
        "emerg",
        "alert",
        "exception",
        "traceback",
        "caused",
        "cannot",
        "can't",
        "could",
        "unable",
        "able",
        "segfault",
        "segmentation",
        "memory",
        "dumped",
        "assert",
        "refused",
        "reset",
        "denied",
        "such",
        "space",
        "many",
        "broken",
        "time",
        "exceeded",
        "reach",
        "route",
        "known",
        "corrupt",
        "bad",
        "unavailable",
        "deadlock",
        "exit",
        "code",
        "signal",
        "killed",
        "abort",
        "uncaught",
        "unhandled",
        "invalid",
        "unexpected",
        "expired",
        "mismatch",
        "overflow",
        "read-only",
        "disk",
        "not",
        "lost",
        "crash",
        "wrong",
        "bug",
        "reject",
        "throw",
        "threw",
        "raise",
        "exhaust",
        "division",
        "divide",
        "undefined",
        "null",
        "missing",
        "free",
        "heap",
        "oops",
        "lockup",
        "blocked",
        "oom",
        "goroutine",
        "smash",
        "quota",
        "limit",
        "ora-",
        "backoff",
        "eof",
        "unauthorized",
        "address",
        "allocated",
        "split-brain",
        "loss",
        "nxdomain",
        "rolling",
        "rolled",
        "syntax",
        "violat",
        "duplicate",
        "aborting",
        "conflict",
        "degraded",
        "unreadable",
        "ended",
        "terminated",
        "died",
        "quit",
        "eacces",
        "eperm",
        "epipe",
        "enoent",
        "fault",
        "protection",
        "gone",
        "rule",
        "ssl_",
        "closed",
        "fehl",
        "échec",
        "fallo",
        "falha",
        "エラー",
        "例外",
        "失敗",
        "오류",
        "에러",
        "예외",
        "실패",
        "错误",
        "錯誤",
        "异常",
        "異常",
        "失败",
        "ошибк",
        "сбой",
        "błąd",
        "hata",
        "fout",
    ]
)
"""One of these is in every text that a sign is found in."""

_ERRORS = r"(?:errors?|errs?|exceptions?|failures?|crash(?:es)?|panics?|fatals?|time-?outs?|problems?|faults?|corruptions?|criticals?|alerts?|mismatch(?:es)?|(?:[A-Z]\w{0,60})?(?:Error|Exception))"
_FAILED = r"(?:fail(?:s|ed)?|rejected|rejection|refused|aborted|lost|dropped|unreachable|unavailable|denied|expired|invalid|corrupted|broken|killed|hung)"
_BAD = rf"(?:{_ERRORS}|{_FAILED})"
_NAUGHT = r"(?:nil|null|none|undefined|false|no|off|ok|success|keine?|aucune?|ningun[oa]|nenhuma?|nessun[oa]|0+(?:\.0{0,9})?(?:%|ms|s)?|\"\"|''|\[\]|\{\}|<nil>|\(none\)|n/a|-)"
_AFTER_NAUGHT = r"(?=[,;)}\]\"'|.]|\s*$|\s+[\w.-]{1,40}[=:]|\s+\()"
_DENIALS = (
    # of none: no errors, nothing failed
    (
        r"\b(?:no|not|never|without|0|zero|none|any|free of|avoid\w{0,3}|prevent\w{0,3}|ignor\w{1,3}|suppress\w{0,3}|nothing|neither|nor|hasn't|haven't|didn't|don't|isn't|wasn't)"
        rf" (?:[\w'/-]{{1,20}} ){{0,2}}?(?:\w{{1,12}}[-_])?{_BAD}(?:[ -]{_BAD})?\b(?:\s?[:.,;])?"
    ),
    # a value that says so: error=nil
    rf"(?<![\w.-])[\w.-]{{0,40}}?{_BAD}\w{{0,12}}[\"']?\s?(?:[=:]{{1,2}}|\bis\b|\bare\b)\s?[\"']?{_NAUGHT}{_AFTER_NAUGHT}",
    # of errors that may come: on error, if an error occurs
    (
        r"\b(?:if|unless|until|when|whenever|in case (?:of|an?|the)|on|upon|for|to|as|of|handle[sd]?|handling|handles_|catch(?:es|ing)?|recover(?:s|ed|ing)? from|simulat\w{1,4}|expect(?:s|ed|ing)?|should|would|may|might|test(?:s|ed|ing)?|last|previous|known|resolved|fixed|fix(?:es|ing)?|cleared|clears?|retry|retries|report(?:s|ed|ing)?|log(?:s|ged|ging)?|print(?:s|ed|ing)?|count(?:s|ed|ing)?|writ(?:es|ing)|show|shows|about)"
        rf" (?:(?:an?|the|any|that|this|its|all|each|every|some) )?(?:[\w-]{{1,20}} )?(?:\w{{1,12}}[-_])?{_ERRORS}(?:[ -]{_BAD})?(?: (?:occurs?|happens?|are|is) )?\b"
    ),
    rf"\b(?:if|unless|in case) (?:(?:the|an?|any) )?\w{{1,20}} (?:(?:is|was|were|has been|gets|got) )?(?:{_FAILED}|reset|closed|timed out)\b",
    r"\b(?:would|should|may|might|could|if \w{1,20}|when \w{1,20}|after) (?:\d{1,6} |be )?fail(?:ed)?\b",
    # of things that have to do with errors: error rate, failure detector
    rf"\b(?:\w{{1,12}}[-_])?{_BAD}[ _-]?(?:rates?|count(?:er|s)?|budget|pages?|handl(?:ers?|ing)|logs?|logger|logging|codes?|levels?|threshold|report(?:s|ing)?|tracking|messages?|templates?|boundar(?:y|ies)|types?|class|detect(?:ion|or)|correction|metrics?|queue|topic|policy|mode|over|safe|stream|channel|rules?|bars?|recovery|injection|history|dashboard|retries|margin|monitor(?:ing)?|docs?|value|format|lists?|entries|limit|attempts|window|settings?|interval|tolerance|overlay|links?|notif\w{{1,10}})\b",
    rf"\b{_ERRORS} (?:is |are |was |were |has been |have been )?(?:cleared|resolved|fixed|corrected|suppressed|ignored|handled|gone|expected|fine)\b",
    r"\bout of memory (?:protection|killer|handler|score)",
    r"\breset (?:counters?|button|token|link|mail|connection|pool)\b",
    # names of things: paths, addresses, topics, files, quoted searches
    r"^\W{0,2}(?:GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS) \S{1,500}",
    r"(?:(?<=[\s\"'(=,])|^)/[\w./%?=&+-]{1,300}",
    rf"\b[\w-]{{1,40}}[./](?-i:errors?|exceptions?|fail(?:ed|ures?)|crash(?:es)?)\b(?![:(.])|(?<![\w$]){_BAD}[-_.](?:log|csv|json|html|txt|png|prone|codes?|dlq|page)\b",
    r"\b(?:q|query|search(?:ed)?|term|title|subject|for)[=:]? ?(?:\"[^\"]{0,200}\"|'[^']{0,200}')|\bq=\S{1,200}",
    r"\b(?-i:[a-z_]{1,30}_(?:errors?|fail(?:ed|ures?)|exceptions?)(?:_\w{1,30})?)(?=[\s=:,\"{]|$)(?!=[\"']?[a-z])",
    r"^\W{0,6}(?:@throws|:raises|raises|throws) \S{1,100}.{0,200}",
    r"^(?:(?:fix|feat|chore|docs|test|refactor|style|perf|ci|build)(?:\([\w-]{1,30}\))?!?:|revert|fix) .{0,300}",
    r"^(?:ok \d|test \S{1,80} \.\.\. ok|PASS(?:ED)?\b|--- PASS).{0,300}",
    r"\b0 of \d{1,9} \w{1,30} failed\b",
)
_MENDED = (
    r"(?:behoben|korrigiert|ignoriert|corrigée?s?\b|corregid[oa]|corrigid[oa]|corrett[oa]\b|résolue?s?\b|resuelt[oa]|resolvid[oa]|risolt[oa]|исправлен|устран[её]н|\bреш[её]н"
    r"|修正済|修正され|解決済|解決しました|解決され|復旧し|해결되|해결됨|해결했|복구되|복구됨|복구했|무시됨|무시했|已修复|已解决|已忽略|已恢复)"
)
"""Says in other languages that an error is mended."""
_DENIED = re.compile("|".join((*_DENIALS, rf"^.{{0,{_LOOKED_AT}}}{_MENDED}")), re.IGNORECASE)
"""What only speaks of errors."""

_LEVELS = r"(?:ERROR|ERR|FATAL|CRITICAL|CRIT|SEVERE|PANIC|EMERG|EMERGENCY)"
_LEVEL_NAMED = re.compile(
    rf"(?i:\b(?:log[ -]?)?levels?\w{{0,5}})\W{{1,3}}(?:\w{{1,10}}\W{{1,3}}){{0,4}}{_LEVELS}\b"
    rf"|\bat {_LEVELS} level\b|\bfrom \w{{1,10}} to {_LEVELS}\b"
    rf"|\b(?:INFO|DEBUG|WARN(?:ING)?|{_LEVELS}),? ?(?:and|or|,|/|\|) ?{_LEVELS}\b"
)
_PROGRAM = r"(?:[\w./@-]{1,60}(?:\[\d{1,9}\]|\(\d{1,9}\))?: ?)?"
_OUTCRY = re.compile(
    rf"^\W{{0,3}}{_PROGRAM}(?:error|err|fatal(?: error)?|panic|critical|crit|severe|emerg(?:ency)?|failure)\b\s?(?:[:!\]>|-]|\[[\w-]{{1,20}}\])\s*\S"
    rf"|(?-i:(?:^|[\s\[|<(]){_LEVELS}(?:[\s\]|>):!]|$))"
    r"|(?-i:^\[?[EF]\d{4} \d\d:\d\d)"
    r"|[:\]-] (?:error|fatal|panic|critical)(?:\[\w{1,10}\])?: \S",
    re.IGNORECASE,
)
_NAME = r"(?<![\w$.])[\w$.\\:]{0,200}?(?:Exception|Error|Failure|Rejection|[a-z](?:NotFound|Available|Unavailable|TimedOut|Refused))"
_EXCEPTION = re.compile(
    rf"{_NAME}(?:: \S|\([\"'])|^{_NAME}(?:Warning)?$"
    r"|\bTraceback \(most recent call last\)|\bException in thread|\bCaused by: "
    r"|\b[Uu]n(?:handled|caught)(?: \w{1,30})? ?(?:exception|error|rejection|promise|Exception|Error|\w{1,60}(?:Error|Exception))"
    r"|\b(?:raised|threw|throws|thrown|throwing) (?:an? )?[\w$.]{0,120}?(?:Exception|Error)\b"
    r"|\b(?:Unhandled|Uncaught)\w{0,20}Rejection|\bexception (?:occurred|was thrown|caught|during|while|in)\b"
)
_CRASH = re.compile(
    r"segmentation fault|\bsegfault\b|out of memory|core dumped|kernel panic|stack overflow|stack smashing|\bassertion (?:`[^']{0,200}' )?failed|assertionerror|\bAssertion\b.{0,200}\bfailed"
    r"|\bdouble free|heap corruption|invalid pointer|\bgeneral protection|\boom-kill|\bkilled process|\bkilled by signal|\bcode=killed|status=\d{1,3}/(?:KILL|FAILURE|SEGV|ABRT)"
    r"|\b(?:exit(?:ed|ing|s)?|terminated|died|quit|finished|returned|completed)(?: \w{1,20})? (?:with |on )?(?:non-?zero )?(?:exit )?(?:code|status|signal)[ :=]{1,3}-?(?:[1-9]\d{0,5}|SIG(?:SEGV|ABRT|KILL|BUS|ILL|FPE))\b"
    r"|\bexit (?:code|status)[ :=]{1,3}[1-9]|\bcrashed\b|\bsoft lockup|\bhung task|blocked for more than \d{1,6} seconds|\bSIGSEGV\b|\bSIGABRT\b|\bBUG: |\bcore dump\b|\bunrecoverable\b|\bunrecovered\b|\babort(?:ed|ing) (?:due|because|with|on)|, aborting$|\bpanicked at|^goroutine \d{1,9} \[running|signal: (?:killed|aborted|segm)"
    r"|\bEXT4-fs error|\bdisk failure|\bdegraded\b|\bunreadable\b|\bcrashloopbackoff",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"\bfail(?:ed|s)?(?:\s*[:!;(]|[.]?\s*$|, | (?:to|with|due|because|after|while|during|on|at|in|for|by|as|since|validation|checksum|authentication|login|attempt|password|command)\b)"
    r"|\b(?:has|have|had|was|is|\w{1,40}|\w{1,20} \S{1,40}) failed\b|^failed \w"
    r"|\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|is not able|failure (?:to|in|while|during|of|on)|(?:authentication|transport|disk|hardware|network|power|handshake|link|node|system) failure)\b"
    r"|(?-i:\bFAIL(?:ED|URE)?\b)|\bfailure status\b|\bno rule to make\b"
    r"|\b(?:failures|errors|failed): [1-9]|\b[1-9]\d{0,8} (?:errors?|failures?|exceptions?) (?:in|within|during|over) (?:the )?(?:last|past)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\bconnection (?:was |is |has been |\S{1,40} )?(?:refused|reset|aborted|timed out|lost|closed (?:unexpectedly|prematurely|by remote))|\bprematurely closed\b|\bconnect(?:ion)? to \S{1,80} (?:refused|timed out|lost|failed)|\bhas gone away"
    r"|\b(?:permission|access) (?:was )?denied|\bdenied (?:access|permission)|\bno such (?:file|host|table|column|device|process|container|image|bucket|key)|\bno space left|\btoo many (?:open files|connections|requests)|\bbroken pipe"
    r"|\bdeadlock (?:detected|found)|\bdisk (?:is )?full|\bdisk quota|\bread-only file ?system|\bindex read-only|\bname or service not known|\bno route to host|\b(?:network|host) (?:is )?(?:unreachable|down)\b|\bunreachable\b"
    r"|\bbad gateway|\bservice unavailable|\binternal server error|\bgateway time-?out|\b(?:input/output|i/o) error|\b(?:checksum|signature|hash|digest|version|type) mismatch|\bmismatched types|\bcorrupt(?:ed|ion)?\b"
    r"|\b(?:timed[ -]?out|time-?out|timeout) (?:waiting|after|while|when|on|connecting|reading|exceeded|expired)|\btimed out\b|\b(?:deadline|limit|quota|memory|timeout|retries|max\w{0,20}|maximum \w{1,20}|stack size|recursion depth|rate|watermark|watermark \[\d{1,3}%\]) (?:was |has been )?exceeded|\bexceeded (?:the )?(?:max|limit|quota|timeout|deadline|memory|\d)"
    r"|\b(?:certificate|token|license|key|password) (?:has |is |was )?(?:expired|revoked|invalid)|\bcertificate verify|\binvalid (?:credentials?|token|password|signature|argument|request|syntax|json|input|certificate|header|checksum|magic|user|character|memory)"
    r"|\b(?:syntax|parse|parsing|runtime|type|name|value|key|index|import|network|database|sql|db|tls|ssl|protocol|compile|compiler|configuration|config|fatal|unexpected|unknown|internal|server|disk|read|write|seek|system|hardware|ecc|bus|page|parity|memory|query|socket|transport|validation|authentication|unrecoverable|critical|irrecoverable) error\b"
    r"|\berror(?:\[\w{1,10}\]:)? (?:while|when|during|in|on|at|from|response|connecting|reading|writing|opening|loading|parsing|processing|executing|creating|sending|fetching|initiali[sz]ing|occurred|calling|running|starting|saving|updating|deleting|querying|communicating|\d{1,5}\b(?!\.)(?! ->)|[A-Z]{1,6}[-_]?\d{2,6})"
    r"|\b(?:an|unexpected|unknown|following|serious|severe|fatal|critical) (?:\w{1,20} )?(?:error|exception|failure) (?:has )?(?:occurred|was|happened|encountered|detected)|\bencountered (?:an? )?(?:\w{1,20} )?(?:error|exception|failure|problem)"
    r"|\berr(?:or)?=\"?(?!nil|null|none)[\w(\"']{2}|\berror\"?: ?\"(?!\"|none|null|nil)\w|\bunexpected (?:eof|end of|token|character|response|status|exception)|\bundefined (?:method|variable|index|reference|symbol)|\bis not (?:defined|a function)\b|\bnot defined in|\bundefined is not|\bnull pointer|\bdivision by zero|\bdivide by zero"
    r"|\b(?:table|file|module|command|class|package|function|symbol|host|key|image|device|page|node|relation|user)\b(?: \S{1,80})? (?:was |is )?(?:not found|does not exist|doesn't exist|missing)\b|: not found$|\bcommand not found|\bno module named|\bviolat(?:es|ed)\b|\bduplicate (?:key|entry)|\bsomething went wrong|\blost connection|\bpool exhausted|\bexhausted\b|\bhandshake failure|\bunauthorized\b|\bECONN\w{1,10}|\bETIMEDOUT|\bENOENT|\bENOSPC|\bEACCES|\bEPERM|\bEPIPE|\bEMFILE|\bENOTFOUND|\bEADDRINUSE|\baddress already in use|\bport is already allocated|\bhard error|\bmedium error|\buncorrectable|\bbad (?:block|sector|file descriptor|magic|address)|\bdata loss|\blost write|\bsplit[- ]brain detected|\brejected(?: by|:)|\bORA-\d{5}|\bImagePullBackOff|\bErrImagePull|\bNXDOMAIN|\bSERVFAIL|\brolling back|\brolled back due|\bcode = (?:Unavailable|Internal|DeadlineExceeded|Unknown|DataLoss)|\bERR! |\bconflict \(|\bsocket hang up|\bssl_error_",
    re.IGNORECASE,
)

_BEFORE = r"^[\W\d]{0,40}(?:\[[^\[\]]{1,40}\]\W{0,3}){0,3}"
_EASTERN = r"(?:エラー|例外|失敗|오류|에러|예외|실패|错误|錯誤|异常|異常|失败)"
_EASTERN_FAILURE = r"(?:失敗|실패|失败)"
_WESTERN = r"(?:\w{0,30}fehler|fehlgeschlagen|erreur|échec|errore|erro|fallo|falha|\w{0,30}ошибка|сбой|błąd|hata|fout)"
_NOTHING_FOLLOWS = (
    r"(?!0(?:[.,]0{1,9})?\s?(?:[%件건个個.,;)|]|\s|$)"
    r"|(?:なし|無し|ありません|없음|없습니다|无|無|没有|沒有|нет|keine?[rns]?|aucune?|ningun[oa]?|nenhuma?|nessun[oa]?|brak|yok|geen|none|null|nil|false|ok|-)\s{0,9}(?:[.,;)|]|$))"
)
_LEADING_ON = (
    r"(?:beim|bei|im|in|an|auf|mit|von|während|lors|de|du|dans|pendant|à|en|al|del|durante|ao|na|no|em|di|del|nel|nella|nello|при|в|на|записи|чтения|подключения|соединения|доступа|сервера"
    r"|interne|interno|fatale?|inesperado|imprevisto|inattendue)"
)
_LABEL = re.compile(
    rf"{_BEFORE}(?:[^\W\d]{{1,30}}[ -]){{0,2}}?{_WESTERN}(?: (?:[^\W\d]\S{{0,30}}|[1-9]\d{{0,5}})){{0,3}}?\s?[:：]\s{{0,9}}{_NOTHING_FOLLOWS}[^\s:]"
    rf"|{_BEFORE}{_WESTERN} {_LEADING_ON} \S|{_BEFORE}error (?:al|del|de|durante|en|interno|inesperado)\b:? ?\S"
    rf"|{_BEFORE}(?:\w{{1,30}} ){{1,4}}?fehlgeschlagen\b(?!\s?[:：])"
    rf"|{_EASTERN}\s?[:：]\s{{0,9}}{_NOTHING_FOLLOWS}[^\s:]"
    rf"|^\W{{0,3}}[\[【(<]{_EASTERN}[\]】)>]\s?{_NOTHING_FOLLOWS}\S|[^\s\d:：,、]\s?{_EASTERN_FAILURE}[。.!！]?\s{{0,9}}$",
    re.IGNORECASE,
)
"""The word for an error in other languages, where it stands as a label: at the begin, or before a colon."""

_SIGNS = (
    ("text.outcry", _OUTCRY),
    ("text.outcry", _LABEL),
    ("text.exception", _EXCEPTION),
    ("text.crash", _CRASH),
    ("text.failure", _FAILURE),
    ("text.trouble", _TROUBLE),
)


def error_sign(text: str, off: Collection[str] = ()) -> str | None:
    """The first sign that a text tells of an error; None when there is none.

    Args:
        text: Without level; only the begin of its first line is looked at.
        off: Signs that are not looked for.
    """
    line = text.partition("\n")[0][:_LOOKED_AT]
    if not _HINTS.find_matches_as_indexes(line.lower()):
        return None
    signs = [(name, sign) for name, sign in _SIGNS if name not in off and sign.search(line)]
    if not signs:
        return None
    told = _DENIED.sub(" ", _LEVEL_NAMED.sub(" ", line))
    return next((name for name, sign in signs if sign.search(told)), None)
