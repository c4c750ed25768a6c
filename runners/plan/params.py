"""The values of a run's params: given ones checked, the others from their defaults, all as they were typed."""

from __future__ import annotations

from collections.abc import Mapping

from runners.model.definition import Param, ParamType, Pipeline
from runners.model.problems import Problem
from runners.spec.param_values import why_not_value
from runners.spec.report import did_you_mean, quoted, shown


def resolve_params(pipeline: Pipeline, given: Mapping[str, str]) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Values in the order of the file, and every problem. A value that has a problem is left out."""
    problems = []
    for name in given:
        if name not in pipeline.params:
            known = ", ".join(pipeline.params) or "none"
            guess = did_you_mean(name, pipeline.params) or f"; this pipeline has {known}"
            problems.append(_problem(pipeline, None, name, f"unknown param{guess}"))
    values: dict[str, str] = {}
    for name, param in pipeline.params.items():
        if name in given:
            reason = why_not_value(param, given[name])
            if reason:
                problems.append(_problem(pipeline, param, name, reason))
            else:
                values[name] = given[name]
        elif param.default is not None:
            values[name] = param.default
        else:
            problems.append(_problem(pipeline, param, name, f"needs a value: -p {name}={_example(param)}"))
    return values, tuple(problems)


def _problem(pipeline: Pipeline, param: Param | None, name: str, text: str) -> Problem:
    line, column = (param.line, param.column) if param is not None and param.line else (1, 1)
    said = name if name.isidentifier() else quoted(name)
    return Problem(file=pipeline.source, line=line, column=column, path=f"params.{said}", text=text)


def _example(param: Param) -> str:
    match param.type:
        case ParamType.CHOICE:
            return "|".join(shown(choice) for choice in param.choices)
        case ParamType.BOOLEAN:
            return "true|false"
        case ParamType.DURATION:
            return "10s"
        case ParamType.INTEGER:
            return "1"
        case _:
            return "…"
