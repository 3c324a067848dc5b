r"""The forms of tokens that tell by themselves whose they are: a table, to be searched by :mod:`rung.privacy.tokens`.

As their makers document them, or as public detectors know them. Every form begins where a word does, and has bounded or
possessive repeats: a text made to slow it down takes no longer than another. What may not stand before one is a letter
or a digit, never a sign alone: a diff writes ``-`` and ``+`` there.
"""

from __future__ import annotations

import re
from functools import cache

from rung.types.pattern import lazy
from rung.types.value import Value

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_LITERAL = lazy(r"(?:[A-Za-z0-9_/-]|\\[.$])+(?![A-Za-z0-9_/-]|\\[.$]|[?*+{])")
"""The letters a form begins with, none of them repeated."""
JWT = "jwt"


class Row(Value):
    """One form of token."""

    kind: str
    hints: tuple[str, ...]
    """One of these stands in every text that holds such a token: looked for first, which is fast."""
    form: str
    """What it looks like."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Its group ``secret`` is what must not leave; the whole match where it has none."""
        return _compiled(self.form)


@cache
def _compiled(form: str) -> re.Pattern[str]:
    """Compiled when a text first holds a hint of it: all of them take longer than most texts."""
    return re.compile(form)


def _row(kind: str, hints: str, form: str, *, behind: str = "") -> Row:
    """A row; its form is no token behind a letter, a digit, or ``behind``, a pattern of fixed length."""
    literal = _LITERAL.match(form)
    # What must not stand before is looked at behind the letters a form begins with: they are found much faster.
    first = literal[0] if literal else ""
    looks = f"(?<![A-Za-z0-9]{first})" + (f"(?<!{behind}{first})" if behind else "")
    return Row(kind, tuple(hints.split()), first + looks + form[len(first) :] + r"(?![A-Za-z0-9])")


FORMS = (
    _row("wallet-key", "prv", r"[xyztuv]prv[0-9A-Za-z]{107,108}"),
    _row("minisign-key", "RWRTY0Iy", r"RWRTY0Iy[A-Za-z0-9+/]{100,300}={0,2}"),
    _row("aws-key", "AKIA ASIA ABIA ACCA A3T", r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[0-9A-Z]{16}"),
    _row("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _row("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    _row(
        "gitlab-token",
        "glpat- gldt- glft- glsoat- glrt- glcbt- glptt- glagent- glimt- gloas- glffct-",
        r"gl(?:pat|dt|ft|soat|rt|cbt|ptt|agent|imt|oas|ffct)-[A-Za-z0-9_.-]{20,1024}",
    ),
    _row("slack-token", "xox", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,255}"),
    _row("slack-token", "xapp-", r"xapp-\d-[A-Za-z0-9-]{10,255}"),
    _row(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9_/]{20,255})",
    ),
    _row(
        "discord-webhook",
        "/webhooks/",
        r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/(?P<secret>\d{8,22}/[A-Za-z0-9_-]{30,100})",
    ),
    _row("stripe-key", "_live_ _test_ _prod_", r"[sr]k_(?:live|test|prod)_[0-9A-Za-z]{16,255}"),
    _row("stripe-key", "whsec_", r"whsec_[A-Za-z0-9+/]{24,255}={0,2}"),
    _row("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,255}"),
    _row(
        "openai-key",
        "sk-",
        r"sk-(?:proj|svcacct|admin|None|or-v1|lf)-(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,255}",
    ),
    _row("openai-key", "sk-", r"sk-(?=[A-Za-z]{0,48}[0-9])[A-Za-z0-9]{20,255}"),
    _row("google-key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
    _row("google-token", "ya29.", r"ya29\.[0-9A-Za-z_-]{20,1024}"),
    _row("google-secret", "GOCSPX-", r"GOCSPX-[0-9A-Za-z_-]{24,40}"),
    _row("npm-token", "npm_", r"npm_[A-Za-z0-9]{36,255}"),
    _row("pypi-token", "pypi-", r"pypi-Ag[A-Za-z0-9_-]{50,1024}"),
    _row("rubygems-key", "rubygems_", r"rubygems_[a-f0-9]{48}"),
    _row("crates-token", "cio", r"cio(?=[A-Za-z]{0,31}[0-9])[A-Za-z0-9]{32}"),
    _row("docker-token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{24,64}"),
    _row("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,64}"),
    _row("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{40,64}"),
    _row("xai-key", "xai-", r"xai-[A-Za-z0-9]{60,120}"),
    _row("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{32,64}"),
    _row("nvidia-key", "nvapi-", r"nvapi-[A-Za-z0-9_-]{40,120}"),
    _row("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37,40}"),
    _row("digitalocean-token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    _row("shopify-token", "shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _row("databricks-token", "dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    _row("doppler-token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,120}"),
    _row("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{24,255}"),
    _row("terraform-token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,72}"),
    _row("linear-key", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{40,64}"),
    _row("notion-token", "ntn_ secret_", r"(?:ntn_|secret_)(?=[A-Za-z]{0,42}[0-9])[A-Za-z0-9]{43,50}"),
    _row("postman-key", "PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    _row("newrelic-key", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    _row("grafana-token", "glc_ glsa_", r"gl(?:c_[A-Za-z0-9+/]{32,400}={0,2}|sa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8})"),
    _row("sentry-token", "sntry", r"sntry(?:s_[A-Za-z0-9+/=_-]{60,400}|u_[a-f0-9]{64})"),
    _row("atlassian-token", "ATATT3", r"ATATT3[A-Za-z0-9_=-]{60,255}"),
    _row("figma-token", "figd_ figp_", r"fig[dp]_[A-Za-z0-9_-]{38,60}"),
    _row("supabase-key", "sbp_ sb_secret_", r"(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{24,64})"),
    _row("mailgun-key", "key-", r"key-[a-f0-9]{32}"),
    _row("mailchimp-key", "-us", r"[0-9a-f]{32}-us\d{1,2}"),
    _row("telegram-token", ":AA", r"(?<!\d)(?P<secret>\d{8,12}:AA[0-9A-Za-z_-]{30,40})(?![_-])"),
    _row("telegram-token", ":AA", r"bot(?P<secret>\d{8,12}:AA[0-9A-Za-z_-]{30,40})(?![_-])"),
    _row("planetscale-token", "pscale_", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.-]{32,64}"),
    _row("age-key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _row("tailscale-key", "tskey-", r"tskey-[a-z]{3,8}-[A-Za-z0-9-]{20,80}"),
    _row("square-token", "sq0", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,64}"),
    _row(
        "square-token",
        "EAAA",
        r"EAAA(?=[A-Za-z_-]{0,58}[0-9])[A-Za-z0-9_-]{60}(?![+/=_-])",
        behind=r"[A-Za-z0-9/=_][+/=_-]",
    ),
    _row("facebook-token", "EAACEdEose0cBA", r"EAACEdEose0cBA[A-Za-z0-9]{20,400}"),
    _row("dropbox-token", "sl.", r"sl\.(?:u\.)?(?=[A-Za-z_-]{0,120}[0-9])[A-Za-z0-9_-]{130,2048}"),
    _row("airtable-token", "pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    _row("pulumi-token", "pul-", r"pul-[a-f0-9]{40}"),
    _row("fly-token", "fm1 fm2", r"fm[12][ar]?_[A-Za-z0-9+/_-]{60,4096}={0,2}"),
    _row(
        "discord-token",
        "M N O",
        r"[MNO](?=[A-Za-z_-]{0,27}[0-9])[A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\."
        r"(?=[A-Za-z_-]{0,37}[0-9])[A-Za-z0-9_-]{27,38}(?![_-])",
    ),
    _row(
        "vault-token",
        "s.",
        r"s\.(?=[a-z0-9]{0,23}[A-Z])(?=[A-Za-z]{0,22}[0-9])[A-Za-z0-9]{24}(?![._(-])",
        behind=r"[\w.][._-]",
    ),
    _row("azure-token", "AZDO", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    _row("registry-login", "eyJhdXRocyI6", r"eyJhdXRocyI6[A-Za-z0-9+/]{16,8192}={0,2}"),
    _row(
        "password-hash",
        "$",
        r"\$(?:[1567y]|gy|sha1|apr1|2[abxy]|argon2(?:id|i|d)|scrypt)\$(?:[a-z0-9=,-]{1,40}\$){0,3}"
        r"[./A-Za-z0-9+$]{20,256}",
    ),
    _row("azure-secret", "Q~", r"(?P<secret>[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34})(?![_~.-]?[A-Za-z0-9])"),
    _row("azure-key", "ASt ACDb", r"[A-Za-z0-9+/]{76}(?:\+ASt|ACDb)[A-Za-z0-9+/]{6}==", behind="[A-Za-z0-9/][+/]"),
    _row("google-token", "1//0", r"1//0[A-Za-z0-9_-]{40,512}", behind="[/.]"),
    _row("aws-key", "ABSK", r"ABSK(?=[A-Za-z+/]{0,100}[0-9])[A-Za-z0-9+/]{100,300}={0,2}"),
    _row("fly-token", "fo1_", r"fo1_[A-Za-z0-9_-]{43}"),
    _row("circleci-token", "CCIP", r"CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-fA-F0-9]{40}"),
    _row("heroku-key", "HRKU-", rf"HRKU-(?:{_UUID}|[A-Za-z0-9_-]{{58,62}})"),
    _row("netlify-token", "nfp_ nfc_ nfo_ nfu_ nfb_", r"nf[pcoub]_(?=[A-Za-z_]{0,35}[0-9])[A-Za-z0-9_]{36}"),
    _row("sonar-token", "sqp_ squ_ sqa_", r"sq[pua]_[a-f0-9]{40}"),
    _row("sonar-token", "sqco_", r"sqco_(?=[A-Za-z]{0,58}[0-9])[A-Za-z0-9]{59}"),
    _row("langsmith-key", "lsv2_", r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    _row("pinecone-key", "pcsk_", r"pcsk_[A-Za-z0-9_]{60,80}"),
    _row("dynatrace-token", "dt0", r"dt0[a-z]\d\d\.[A-Za-z0-9]{8,24}\.[A-Za-z0-9]{64}"),
    _row("contentful-token", "CFPAT-", r"CFPAT-[A-Za-z0-9_-]{43}"),
    _row("easypost-key", "EZAK EZTK", r"EZ[AT]K(?=[A-Za-z]{0,53}[0-9])[A-Za-z0-9]{54}"),
    _row("flutterwave-key", "FLWSECK", r"FLWSECK(?:_TEST)?-(?:SANDBOX)?[0-9a-zA-Z]{12,40}(?:-X)?"),
    _row("plaid-token", "access-", rf"access-(?:production|sandbox|development)-{_UUID}"),
    _row("launchdarkly-key", "sdk- api-", rf"(?:sdk|api)-(?=.{{14}}4){_UUID}"),
    _row("segment-token", "sgp_", r"sgp_(?=[A-Za-z]{0,63}[0-9])[A-Za-z0-9]{64}"),
    _row("sourcegraph-token", "sgp_", r"sgp_(?:(?:local|[a-f0-9]{16})_)?[a-f0-9]{40}"),
    _row("buildkite-token", "bkua_", r"bkua_[a-z0-9]{40}"),
    _row("prefect-key", "pnu_ pnb_", r"pn[ub]_(?=[A-Za-z]{0,35}[0-9])[A-Za-z0-9]{36}"),
    _row("clojars-token", "CLOJARS_", r"CLOJARS_[a-z0-9]{60}"),
    _row("nuget-key", "oy2", r"oy2(?=[a-z]{0,42}[0-9])[a-z0-9]{43}"),
    _row("1password-token", "ops_eyJ", r"ops_eyJ[A-Za-z0-9+/_-]{100,4096}={0,3}"),
    _row("1password-key", "A3-", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    _row("amazon-token", "amzn.mws.", rf"amzn\.mws\.{_UUID}"),
    _row("paypal-token", "access_token$", r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    _row("infracost-key", "ico-", r"ico-(?=[A-Za-z]{0,31}[0-9])[A-Za-z0-9]{32}"),
    _row("asana-token", "0/ 1/ 2/", r"[0-2]/\d{12,20}(?:/\d{12,20})?:[a-f0-9]{32}", behind="[/.]"),
    _row("lob-key", "live_ test_", r"(?:live|test)_[a-f0-9]{35}"),
    _row(
        "kaggle-key",
        "username",
        r"\\?[\"']username\\?[\"'][ \t]*:[ \t]*\\?[\"'][\w.-]{1,64}\\?[\"'],[ \t\r\n+-]{0,40}"
        r"\\?[\"']key\\?[\"'][ \t]*:[ \t]*\\?[\"'](?P<secret>[a-f0-9]{32})",
    ),
    _row("kaggle-key", "KGAT_", r"KGAT_[a-f0-9]{32}"),
    _row("razorpay-key", "rzp_", r"rzp_(?:live|test)_[A-Za-z0-9]{14}"),
    _row(
        "razorpay-key",
        "rzp_",
        r"rzp_(?:live|test)_[A-Za-z0-9]{14}[\"']?[ \t]{0,8}[:,][ \t]{0,8}[\"']?"
        r"(?P<secret>(?=[A-Za-z]{0,23}[0-9])[A-Za-z0-9]{24})",
    ),
    _row("mailgun-key", "-", r"[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}(?!-)", behind="[A-Fa-f0-9]-"),
    _row("intercom-token", "dG9rO", r"dG9rO[A-Za-z0-9+/]{55}="),
    _row("bitbucket-token", "ATBB ATCTT3", r"(?:ATBB[A-Za-z0-9]{32}|ATCTT3[A-Za-z0-9+/=_-]{60,255})"),
    _row("hubspot-token", "pat-", rf"pat-(?:na|eu|ap)\d-{_UUID}"),
    _row("openshift-token", "sha256~", r"sha256~[A-Za-z0-9_-]{43}"),
    _row("docker-token", "SWMTKN-1-", r"SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}"),
    _row("cloudflare-key", "v1.0-", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    _row("cloudflare-key", "cfk_ cfut_ cfat_", r"cf(?:k|ut|at)_[A-Za-z0-9]{40}[a-f0-9]{8}"),
    _row("artifactory-token", "AKCp", r"AKCp(?=[A-Za-z]{0,60}[0-9])[A-Za-z0-9]{50,80}"),
    _row("artifactory-token", "cmVmdGtu", r"cmVmdGtu[A-Za-z0-9]{56}"),
    _row("brevo-key", "xkeysib- xsmtpsib-", r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    _row("shippo-token", "shippo_", r"shippo_(?:live|test)_[a-f0-9]{40}"),
    _row("duffel-token", "duffel_", r"duffel_(?:live|test)_[A-Za-z0-9_=-]{43}"),
    _row("typeform-token", "tfp_", r"tfp_(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{40,64}"),
    _row("posthog-key", "phx_", r"phx_(?=[A-Za-z_]{0,42}[0-9])[A-Za-z0-9_]{43,48}"),
    _row("apify-token", "apify_api_", r"apify_api_[A-Za-z0-9]{36}"),
    _row("readme-key", "rdme_", r"rdme_[a-z0-9]{70}"),
    _row("maxmind-key", "_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    _row("mapbox-token", "sk.eyJ", r"sk\.eyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,40}"),
    _row("newrelic-key", "NRII- NRIQ-", r"NRI[IQ]-[A-Za-z0-9_-]{25,32}"),
    _row("newrelic-key", "NRAL", r"(?:eu01xx)?[a-f0-9]{26,36}(?:FFFF)?NRAL"),
    _row("octopus-key", "API-", r"API-(?=[A-Z]{0,25}[0-9])[A-Z0-9]{26}"),
    _row("harness-token", "pat. sat.", r"[ps]at\.[A-Za-z0-9_-]{22}\.[a-zA-Z0-9]{24}\.[a-zA-Z0-9]{20}"),
    _row("alibaba-key", "LTAI", r"LTAI(?=[A-Za-z]{0,19}[0-9])[A-Za-z0-9]{17,21}"),
    _row("neon-key", "napi_", r"napi_[a-z0-9]{64}"),
    _row("together-key", "tgp_v1_", r"tgp_v1_[A-Za-z0-9_-]{43}"),
    _row("resend-key", "re_", r"re_(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{8}_(?=[A-Za-z]{0,23}[0-9])[A-Za-z0-9]{24}"),
    _row(
        "teams-webhook",
        "/webhookb2/",
        rf"webhook\.office\.com/webhookb2/(?P<secret>{_UUID}@{_UUID}/IncomingWebhook/[A-Za-z0-9]{{32}}/{_UUID})",
    ),
    _row("zapier-webhook", "zapier.com", r"hooks\.zapier\.com/hooks/catch/(?P<secret>\d{4,12}/[A-Za-z0-9]{6,40})"),
    _row("azure-key", "AccountKey=", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
    _row("azure-signature", "sig=", r"sig=(?P<secret>[A-Za-z0-9%+/]{40,80}(?:=|%3[dD]){0,2})"),
    # What signs an address for whoever has it: Amazon S3 and CloudFront, Google, Alibaba, Tencent.
    _row(
        "url-signature",
        "ignature=",
        r"[Ss]ignature=(?P<secret>[0-9a-fA-F]{40,1024}|[A-Za-z0-9~_-]{86,1024}|[A-Za-z0-9%+/]{26,40}(?:=|%3[dD]){1,2})",
    ),
    _row(
        "authorization",
        "earer",
        r"[Bb]earer(?:[ +]|[:=][ \t]{0,3})(?P<secret>(?=[A-Za-z._~+/-]{0,255}[0-9])[A-Za-z0-9._~+/-]{20,2048}={0,2})",
    ),
    _row("authorization", "asic ", r"[Aa]uthorization\W{1,6}Basic (?P<secret>[A-Za-z0-9+/]{8,512}={0,2})"),
    _row(JWT, "eyJ", r"eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{10,2048}", behind=r"\w[_-]"),
)  # fmt: skip
"""Kind, hints and form; the first that fits names the kind."""
