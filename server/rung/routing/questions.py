"""What a rule may ask of a request, one question each: its answer, and the sentence that says so.

Each takes what the rule wants, and the look at the request.
"""

from __future__ import annotations

from rung.routing.features import Place, Placed, language_of
from rung.routing.globs import from_home, is_bound, matches, matches_branch, matches_folder, reaches
from rung.routing.tokens import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.routing.look import Look, Verdict
    from rung.types.features import Features


def action(wanted: frozenset[str], look: Look) -> Verdict:
    """The action's id is one of these."""
    action = look.features.action
    return action.lower() in wanted, f"the action is {action}"


def language(wanted: frozenset[str], look: Look) -> Verdict:
    """The language is one of these; for a pin, that of any file in the context."""
    own = look.features.language
    if own and (own.lower() in wanted or not look.wide or look.turned):
        return own.lower() in wanted, f"the language is {own}"
    found = tuple(dict.fromkeys(language_of(path) for path in look.features.paths))
    hit = next((language for language in found if language in wanted), None)
    if look.wide and look.turned:
        hit = hit if all(language in wanted for language in found) else None
    named = hit or own or (either(found) if found else "not known")
    return hit is not None, f"the language is {named}"


def over(wanted: int, look: Look) -> Verdict:
    """The prompt has more tokens."""
    tokens = look.features.tokens
    over = tokens > wanted
    return over, f"about {counted(tokens)}, {'over' if over else 'not over'} {wanted}"


def under(wanted: int, look: Look) -> Verdict:
    """The prompt has fewer tokens."""
    tokens = look.features.tokens
    under = tokens < wanted
    return under, f"about {counted(tokens)}, {'under' if under else 'not under'} {wanted}"


def budget(wanted: float, look: Look) -> Verdict:
    """Fewer US dollars are left today."""
    left = look.features.budget_left
    if left is None:
        return False, "no daily budget is known"
    under = left < wanted
    return under, f"${left:.2f} left today, {'under' if under else 'not under'} ${wanted:.2f}"


def health(wanted: tuple[str, set[str]], look: Look) -> Verdict:
    """The tier is in one of these states."""
    tier, states = wanted
    state = next((state for name, state in look.features.health if name == tier), "unknown")
    said = f"the state of {tier} is not known" if state == "unknown" else f"{tier} is {state}"
    return state in states, said


def words(wanted: tuple[int, int | None], look: Look) -> Verdict:
    """One of a list's words was typed, and none of another list before it; lists go by their numbers."""
    number, before = wanted
    found = look.said(number)
    if found is None:
        return False, "none of its words was typed"
    place, word = found
    earlier = None if before is None else look.said(before)
    if earlier and earlier[0] < place:
        return False, f"the prompt says {quoted(earlier[1])} before {quoted(word)}"
    return True, f"the prompt says {quoted(word)}"


def pattern(wanted: tuple[str, ...], look: Look) -> Verdict:
    """One of these regular expressions matches what was typed."""
    return look.patience.search(wanted, look.features.typed)


def path(wanted: tuple[str, ...], look: Look) -> Verdict:
    """One of these globs matches a path in the context."""
    if not (look.features.paths or look.features.absolute):
        return False, "no path in it matches"
    globs = from_home(wanted, look.home)
    if look.wide and not look.turned:
        # A pin by a folder's name holds wherever the workspace begins: above that folder, at it, or below. A glob such
        # as `src/**` is bound to the workspace, or to the file's repository: else it would pin everything of who keeps
        # all work in ~/src.
        free = tuple(one for one in globs if not is_bound(one))
        path = _any_glob(globs, (*look.features.paths, *look.features.rooted), reaches)
        path = path or _any_glob(free, look.features.absolute, reaches)
        return path is not None, f"{path} is in it" if path else "no path in it matches"
    rooted = tuple(glob for glob in globs if glob.startswith("/"))
    path = _any_glob(globs, look.features.paths)
    if path is None:
        path = _any_glob(rooted, look.features.absolute)
    if path is not None and look.wide:
        # What a pin excludes must be all there is: one file that may leave takes no other with it.
        inside = all(_any_glob(globs, (one,)) is not None for one in look.features.paths)
        if not inside and not (rooted and all(_any_glob(rooted, (one,)) is not None for one in look.features.absolute)):
            return False, "some path in it does not match"
    return path is not None, f"{path} is in it" if path else "no path in it matches"


def branch(wanted: tuple[str, ...], look: Look) -> Verdict:
    """One of these globs matches the branch."""
    places = _places(look.features)
    verdicts = [None if place.branch is None else _is_branch(wanted, place.branch) for place in places]
    held = _of_all(verdicts, look)
    if held is None:
        return None, "the branch could not be found out"
    named = next((place.branch for place, one in zip(places, verdicts, strict=True) if one is held), None)
    return held, f"the branch is {named or 'not known'}"


def repository(wanted: tuple[str, ...], look: Look) -> Verdict:
    """One of these globs matches the folder of the repository."""
    globs = from_home(wanted, look.home)
    verdicts: list[bool | None] = [
        any(matches_folder(glob, name) for glob in globs for name in place.names) for place in _places(look.features)
    ]
    held = _of_all(verdicts, look)
    return held, "the repository matches" if held else "another repository"


def _places(features: Features) -> tuple[Place, ...]:
    if isinstance(features, Placed):
        return features.places
    return (Place((features.repository,) if features.repository else (), features.branch or ""),)


def _of_all(verdicts: list[bool | None], look: Look) -> bool | None:
    """One verdict of those on each place: any that holds is enough, but for what a pin excludes, where all must."""
    enough = not (look.wide and look.turned)
    if not verdicts:
        return False
    if enough in verdicts:
        return enough
    return None if None in verdicts else not enough


def _is_branch(globs: tuple[str, ...], branch: str) -> bool:
    return bool(branch) and any(matches_branch(glob, branch) for glob in globs)


def _any_glob(globs: tuple[str, ...], paths: tuple[str, ...], ask: Callable[[str, str], bool] = matches) -> str | None:
    return next((path for path in paths for glob in globs if ask(glob, path)), None)


def either(words: tuple[str, ...]) -> str:
    """The words, or the first of many."""
    return " or ".join(words) if len(words) < 4 else f"{words[0]}, {words[1]} or one of {len(words) - 2} more"


def quoted(word: str) -> str:
    """A word of a list as it is told."""
    return f'"{word.lower()}"'
