r"""The forms of tokens that tell by themselves whose they are: a table, to be searched by :mod:`rung.privacy.tokens`.

As their makers document them, or as public detectors know them. Every form begins where a word does, and has bounded or
possessive repeats: a text made to slow it down takes no longer than another. What may not stand before one is a letter
or a digit, never a sign alone: a diff writes ``-`` and ``+`` there.
"""

from __future__ import annotations

import re
from functools import cache

from rung.types.value import Value

_AT_START = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9])"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
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


def _row(kind: str, hints: str, form: str) -> Row:
    return Row(kind, tuple(hints.split()), _AT_START + form + _END)


FORMS = (
    _row("aws-key", "AKIA ASIA ABIA ACCA A3T", r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[0-9A-Z]{16}"),
    _row("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _row("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    _row("gitlab-token", "gl", r"gl(?:pat|dt|ft|soat|rt|cbt|ptt|agent|imt|oas|ffct)-[A-Za-z0-9_.-]{20,1024}"),
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
    _row("stripe-key", "_live_ _test_", r"[sr]k_(?:live|test)_[0-9A-Za-z]{16,255}"),
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
    _row("grafana-token", "gl", r"gl(?:c_[A-Za-z0-9+/]{32,400}={0,2}|sa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8})"),
    _row("sentry-token", "sntry", r"sntry(?:s_[A-Za-z0-9+/=_-]{60,400}|u_[a-f0-9]{64})"),
    _row("atlassian-token", "ATATT3", r"ATATT3[A-Za-z0-9_=-]{60,255}"),
    _row("figma-token", "figd_", r"figd_[A-Za-z0-9_-]{38,60}"),
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
        r"(?<![A-Za-z0-9/=_][+/=_-])EAAA(?=[A-Za-z_-]{0,58}[0-9])[A-Za-z0-9_-]{60}(?![+/=_-])",
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
        r"(?<![._])(?<!\w-)s\.(?=[a-z0-9]{0,23}[A-Z])(?=[A-Za-z]{0,22}[0-9])[A-Za-z0-9]{24}(?![._(-])",
    ),
    _row("azure-token", "AZDO", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    _row("registry-login", "eyJhdXRocyI6", r"eyJhdXRocyI6[A-Za-z0-9+/]{16,8192}={0,2}"),
    _row(
        "password-hash",
        "$",
        r"\$(?:[1567y]|gy|sha1|apr1|2[abxy]|argon2(?:id|i|d)|scrypt)\$(?:[a-z0-9=,-]{1,40}\$){0,3}"
        r"[./A-Za-z0-9+$]{20,256}",
    ),
    _row("azure-key", "AccountKey=", r"AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)"),
    _row("azure-signature", "sig=", r"sig=(?P<secret>[A-Za-z0-9%+/]{40,80}(?:=|%3[dD]){0,2})"),
    _row(
        "authorization",
        "earer",
        r"[Bb]earer[ +](?P<secret>(?=[A-Za-z._~+/-]{0,255}[0-9])[A-Za-z0-9._~+/-]{20,2048}={0,2})",
    ),
    _row("authorization", "asic ", r"[Aa]uthorization\W{1,6}Basic (?P<secret>[A-Za-z0-9+/]{8,512}={0,2})"),
    _row(JWT, "eyJ", r"(?<!\w[_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{10,2048}"),
)  # fmt: skip
"""Kind, hints and form; the first that fits names the kind."""
