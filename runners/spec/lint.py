"""Rules that no single value can tell: names that refer to each other, clashes, cycles, defaults that do not fit.

They read the tree and not the models, so that they speak in the same pass as the shape's problems; whatever has a wrong
shape is passed over here, because its problem is reported already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from runners.model.definition import Param, ParamType
from runners.model.outputs import VARIABLE, variable_of
from runners.spec.durations import format_duration, parse_duration
from runners.spec.fields import why_not_text
from runners.spec.lint_kinds import Known, lint_kind, params_of_templates
from runners.spec.names import why_not_env_name, why_not_env_value
from runners.spec.nodes import Map, Node, Scalar, Seq
from runners.spec.param_values import why_not_pattern, why_not_value
from runners.spec.report import Part, Report, did_you_mean, quoted

Path = tuple[Part, ...]
Taken = dict[str, Map]
"""Names that are used already, by what they are."""

_SOURCES = ("file", "env", "command", "prompt")
"""Where a secret may come from."""

_PREVIOUS = re.compile(r"\$\{?ONDUTY_PREVIOUS_([A-Za-z_][A-Za-z0-9_]*)")
_OUTPUT = re.compile(rf"\$\{{?({VARIABLE}[A-Za-z0-9_]+)")
_PARTS = ("tasks", "verify", "rollback", "finally")
"""Lists of tasks in a job."""
_MAX_CYCLES = 20
_WORD_AFTER_DOLLAR = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def lint_pipeline(tree: Map, report: Report) -> None:
    """Report everything that is wrong between the parts of a pipeline."""
    params = _map(tree, "params")
    secrets = _map(tree, "secrets")
    _params(params, report)
    _secrets(secrets, params, report)
    taken: Taken = {"param": params, "secret": secrets}
    _env(_map(tree, "env"), ("env",), taken, report)
    _retry(_map(_map(tree, "defaults"), "retry"), ("defaults", "retry"), report)
    stages = list(_maps(tree.get("stages")))
    _unique_names([(("stages", index, "name"), stage.get("name")) for index, stage in stages], report)
    _rollback_somewhere(tree, report)
    for index, stage in stages:
        jobs = _map(stage, "jobs")
        _needs(jobs, index, stages, report)
        _outputs(jobs, index, stages, report)
        for name, job in jobs.items():
            if isinstance(job, Map):
                sudo = _text(job.get("sudo", _map(tree, "defaults").get("sudo"))) or "false"
                known = Known(params, secrets, sudo=sudo != "false")
                _job(job, ("stages", index, "jobs", name), taken, known, report)


def warn_pipeline(tree: Map, report: Report) -> None:
    """Report what is probably not meant, in a pipeline without problems."""
    used: set[str] = set()
    for _, stage in _maps(tree.get("stages")):
        for job in _map(stage, "jobs").values():
            for part in _PARTS:
                for _, task in _maps(job.get(part) if isinstance(job, Map) else None):
                    used.update(_WORD_AFTER_DOLLAR.findall(_text(task.get("run")) or ""))
                    used.update(params_of_templates(task))
    params = _map(tree, "params")
    for name in params:
        if name not in used:
            line, column = params.key_places[name]
            text = f'no command uses "${name}"; a script that a command starts may still read it'
            report.add(line, column, ("params", name), text, warning=True)


def _params(params: Map, report: Report) -> None:
    for name, node in params.items():
        if not isinstance(node, Map):
            continue
        path = ("params", name)
        kind = _text(node.get("type")) or "string"
        choices = tuple(text for item in _seq(node.get("choices")) if (text := _text(item)) is not None)
        if kind == "choice" and "choices" not in node:
            report.add(*params.key_places[name], path, 'type choice needs "choices"')
        elif kind != "choice" and "choices" in node and kind in tuple(ParamType):
            report.add(*node.key_places["choices"], (*path, "choices"), "belongs to type choice; write type: choice")
        for index, item in enumerate(_seq(node.get("choices"))):
            if isinstance(item, Scalar) and str(item) in choices[:index]:
                report.add(item.line, item.column, (*path, "choices", index), f"{quoted(item)} stands here twice")
        pattern = _text(node.get("pattern"))
        pattern_node = node.get("pattern")
        if pattern is not None and isinstance(pattern_node, Scalar) and (reason := why_not_pattern(pattern)):
            report.add(pattern_node.line, pattern_node.column, (*path, "pattern"), reason)
        default = node.get("default")
        if kind not in tuple(ParamType) or not isinstance(default, Scalar) or default.broken or why_not_text(default):
            continue
        if (kind == "choice" and not choices) or why_not_env_name(name):
            continue
        param = Param(name=name, type=ParamType(kind), pattern=pattern, choices=choices)
        if reason := why_not_value(param, str(default)):
            report.add(default.line, default.column, (*path, "default"), reason)


def _secrets(secrets: Map, params: Map, report: Report) -> None:
    for name, node in secrets.items():
        _clash(secrets, name, ("secrets", name), {"param": params}, report)
        if not isinstance(node, Map):
            continue
        given = [key for key in _SOURCES if key in node]
        if len(given) > 1:
            text = f"{' and '.join(given)} cannot both say where it comes from; keep one"
            report.add(*node.key_places[given[1]], ("secrets", name), text)
        elif not given and not set(node) - set(_SOURCES):
            report.add(*secrets.key_places[name], ("secrets", name), f"needs one of {', '.join(_SOURCES)}")


def _clash(owner: Map, name: str, path: Path, taken: Taken, report: Report) -> None:
    """Params, secrets and variables share one name space."""
    for what, others in taken.items():
        if name in others:
            text = f"is the name of a {what} in line {others.key_places[name][0]}; one of them needs another"
            report.add(*owner.key_places[name], path, text)


def _env(env: Map, path: Path, taken: Taken, report: Report) -> None:
    for name, value in env.items():
        _clash(env, name, (*path, name), taken, report)
        if isinstance(value, Scalar) and not why_not_text(value) and (reason := why_not_env_value(name, str(value))):
            report.add(value.line, value.column, (*path, name), reason)


def _job(job: Map, path: Path, taken: Taken, known: Known, report: Report) -> None:
    _env(_map(job, "env"), (*path, "env"), taken, report)
    _retry(_map(job, "retry"), (*path, "retry"), report)
    named = {
        part: [((*path, part, index, "name"), task.get("name")) for index, task in _maps(job.get(part))]
        for part in _PARTS
    }
    _unique_names([*named["tasks"], *named["verify"], *named["finally"]], report)
    # verify runs after a rollback too; what is wrong inside it is said once.
    verify = {str(name): (at, name) for at, name in named["verify"]}
    _unique_names([*verify.values(), *named["rollback"]], report)
    _previous(_seq(job.get("rollback")), (*path, "rollback"), taken["param"], report)
    for part, index, task in [(key, index, task) for key in _PARTS for index, task in _maps(job.get(key))]:
        _env(_map(task, "env"), (*path, part, index, "env"), taken, report)
        lint_kind(task, (*path, part, index), known, report)
        run = task.get("run")
        if isinstance(run, Scalar) and "{{" in run:
            text = (
                '"{{" is never replaced in a command; params arrive as variables, write "$release"'
                " (and '{''{' where a command needs two braces)"
            )
            report.add(run.line, run.column, (*path, part, index, "run"), text)


def _previous(rollback: Seq, path: Path, params: Map, report: Report) -> None:
    for index, task in _maps(rollback):
        run = task.get("run")
        for name in _PREVIOUS.findall(_text(run) or ""):
            if name not in params and isinstance(run, Scalar):
                text = f"ONDUTY_PREVIOUS_{name}: no param {quoted(name)}{did_you_mean(name, params)}"
                report.add(run.line, run.column, (*path, index, "run"), text)


def _rollback_somewhere(tree: Map, report: Report) -> None:
    """``on_failure: rollback`` where nothing could be rolled back."""
    jobs = [
        (("stages", index, "jobs", name), job)
        for index, stage in _maps(tree.get("stages"))
        for name, job in _map(stage, "jobs").items()
        if isinstance(job, Map)
    ]
    if any("rollback" in job for _, job in jobs):
        return
    places: list[tuple[Path, Map]] = [(("defaults",), _map(tree, "defaults")), *jobs]
    for path, owner in places:
        if _text(owner.get("on_failure")) == "rollback":
            value = owner["on_failure"]
            report.add(value.line, value.column, (*path, "on_failure"), "no job of this pipeline has a rollback:")


def _retry(retry: Map, path: Path, report: Report) -> None:
    delay, max_delay = _seconds(retry.get("delay")), _seconds(retry.get("max_delay"))
    if delay is not None and max_delay is not None and max_delay < delay:
        text = f"is shorter than the delay of {format_duration(delay)}"
        report.add(*retry.key_places["max_delay"], (*path, "max_delay"), text)
    others = [key for key in ("delay", "backoff", "max_delay", "jitter") if key in retry]
    if others and ("attempts" not in retry or _text(retry["attempts"]) == "1"):
        text = "means nothing while attempts is 1, which counts the first try; write attempts: 2 or more"
        report.add(*retry.key_places[others[0]], (*path, others[0]), text)


def _unique_names(names: list[tuple[Path, Node | None]], report: Report) -> None:
    seen: dict[str, Scalar] = {}
    for path, name in names:
        if not isinstance(name, Scalar) or name.broken or name == "":
            continue
        if str(name) in seen and seen[str(name)] is not name:
            report.add(
                name.line, name.column, path, f"{quoted(name)} is the name in line {seen[str(name)].line} already"
            )
        elif str(name) in seen:
            report.add(name.line, name.column, path, f"{quoted(name)} is used twice through an alias; names differ")
        seen.setdefault(str(name), name)


def _needs(jobs: Map, stage_index: int, stages: list[tuple[int, Map]], report: Report) -> None:
    graph: dict[str, list[str]] = {}
    places: dict[tuple[str, str], tuple[Scalar, Path]] = {}
    for name, job in jobs.items():
        graph[name] = []
        for index, needed in enumerate(_seq(job.get("needs") if isinstance(job, Map) else None)):
            if not isinstance(needed, Scalar) or needed.broken:
                continue
            path: Path = ("stages", stage_index, "jobs", name, "needs", index)
            text = str(needed)
            if text == name:
                report.add(needed.line, needed.column, path, "a job cannot need itself")
            elif text in graph[name]:
                report.add(needed.line, needed.column, path, f"{quoted(text)} stands here twice")
            elif text in jobs:
                graph[name].append(text)
                places[name, text] = (needed, path)
            else:
                report.add(needed.line, needed.column, path, _unknown_need(text, jobs, stages, stage_index))
    for cycle in _cycles(graph):
        needed, path = places[cycle[0], cycle[1]]
        report.add(needed.line, needed.column, path, f"the jobs wait for each other: {_chain(cycle)}")


def _outputs(jobs: Map, stage_index: int, stages: list[tuple[int, Map]], report: Report) -> None:
    """``ONDUTY_OUT_…`` of a job that has not run by then, or that is none."""
    before = [name for index, stage in stages if index < stage_index for name in _map(stage, "jobs")]
    for name, job in jobs.items():
        needed = _needed(jobs, name)
        for part in _PARTS:
            own = [name] if part == "rollback" else []
            for index, task in _maps(job.get(part) if isinstance(job, Map) else None):
                run = task.get("run")
                for variable in dict.fromkeys(_OUTPUT.findall(_text(run) or "")):
                    if isinstance(run, Scalar) and not _written_by(variable, [*before, *needed, *own]):
                        path: Path = ("stages", stage_index, "jobs", name, part, index, "run")
                        report.add(run.line, run.column, path, _unknown_output(variable, name, jobs, before + needed))


def _needed(jobs: Map, name: str) -> list[str]:
    """What a job needs in its stage, directly or not."""
    found: list[str] = []
    ahead = [name]
    while ahead:
        job = jobs.get(ahead.pop())
        for need in _seq(job.get("needs") if isinstance(job, Map) else None):
            if str(need) in jobs and str(need) not in found:
                found.append(str(need))
                ahead.append(str(need))
    return found


def _written_by(variable: str, jobs: Iterable[str]) -> str:
    """The job whose output that variable may be; empty when it can be none's."""
    return next((job for job in jobs if variable.startswith(variable_of(job, ""))), "")


def _unknown_output(variable: str, name: str, jobs: Map, earlier: list[str]) -> str:
    beside = _written_by(variable, [job for job in jobs if job != name])
    if beside:
        return f"{variable}: {quoted(beside)} may still run then; write needs: [{beside}]"
    if _written_by(variable, [name]):
        return f"{variable}: a job reads its own outputs in its rollback alone"
    known = ", ".join(dict.fromkeys(earlier)) or "none"
    return f"{variable}: no job of that name comes before this one; before it come {known}"


def _unknown_need(name: str, jobs: Map, stages: list[tuple[int, Map]], own: int) -> str:
    bare = name.rpartition("/")[2]
    for index, stage in stages:
        if index != own and (name in _map(stage, "jobs") or (bare != name and bare in _map(stage, "jobs"))):
            which = "an earlier stage, which has passed" if index < own else "a later stage, which has not begun"
            return f"{quoted(name)} is a job of {which} when this one starts; needs names jobs of the same stage"
    return f"no job {quoted(name)} in this stage{did_you_mean(name, jobs)}"


def _chain(cycle: list[str]) -> str:
    return " -> ".join(cycle)


def _cycles(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """Each cycle whole, in the direction of ``needs``, from its first job in the file back to it."""
    order = {name: index for index, name in enumerate(graph)}
    remaining = {name: list(needs) for name, needs in graph.items()}
    for _ in range(_MAX_CYCLES):
        try:
            TopologicalSorter(remaining).prepare()
        except CycleError as error:
            # graphlib names a cycle from what is needed to what needs it, its first node again at the end.
            cycle: list[str] = error.args[1][:0:-1]
            start = min(range(len(cycle)), key=lambda at: order[cycle[at]])
            cycle = cycle[start:] + cycle[:start]
            cycle.append(cycle[0])
            yield cycle
            remaining[cycle[0]].remove(cycle[1])
        else:
            return


def _seconds(node: Node | None) -> float | None:
    if not isinstance(node, Scalar):
        return None
    try:
        return parse_duration(str(node))
    except ValueError:
        return None


def _map(node: Node | None, key: str) -> Map:
    """The mapping under ``key``; an empty one where there is none."""
    value = node.get(key) if isinstance(node, Map) else None
    return value if isinstance(value, Map) else Map(0, 0)


def _seq(node: Node | None) -> Seq:
    return node if isinstance(node, Seq) else Seq(0, 0)


def _maps(node: Node | None) -> Iterator[tuple[int, Map]]:
    """The mappings of a list, with their index."""
    for index, item in enumerate(_seq(node)):
        if isinstance(item, Map):
            yield index, item


def _text(node: Node | None) -> str | None:
    return str(node) if isinstance(node, Scalar) and not node.broken else None
