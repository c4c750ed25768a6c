"""JSON Schema (draft 2020-12) for editors, from the same models that check the files."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from runners.spec.durations import format_duration
from runners.spec.fields import DURATION_PATTERN
from runners.spec.models import InventoryModel, PipelineModel, SiteModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pipeline_schema() -> dict[str, Any]:
    """For pipeline files. Rules between parts (needs, names that clash) are checked by ``onduty lint`` alone."""
    schema = _schema(PipelineModel, "onduty pipeline")
    properties = schema["properties"]
    group = schema["$defs"]["ConcurrencyModel"]["properties"]["group"]
    whole_form = properties["concurrency"]
    words = {"description": whole_form.pop("description")}
    properties["concurrency"] = {**words, "anyOf": [whole_form, {**group, "description": "Its group."}]}
    return schema


def inventory_schema() -> dict[str, Any]:
    """For inventory files, with the short forms ``web: [web1, web2]`` and ``web1:``."""
    schema = _schema(InventoryModel, "onduty inventory")
    properties = schema["properties"]
    members = {"type": "array", "items": schema["$defs"]["GroupModel"]["properties"]["hosts"]["items"]}
    for section, short_form in (("groups", members), ("hosts", {"type": "null"})):
        for pattern, whole_form in properties[section]["patternProperties"].items():
            properties[section]["patternProperties"][pattern] = {"anyOf": [whole_form, short_form]}
    return schema


def site_schema() -> dict[str, Any]:
    """For a site's ``onduty.yaml``."""
    return _schema(SiteModel, "onduty site")


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(mode="validation")
    _clean(schema)
    return {"$schema": DIALECT, **schema, "title": title}


def _clean(node: Any) -> None:
    """Drop what only says how the models are written: generated titles, null as the way of leaving a key out."""
    if isinstance(node, list):
        for item in node:
            _clean(item)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("title"), str):
        del node["title"]
    default = node.get("default", 0)
    if default is None or isinstance(default, dict | list):
        del node["default"]
    elif isinstance(default, float) and node.get("pattern") == DURATION_PATTERN:
        node["default"] = format_duration(default)
    if "patternProperties" in node:
        node["additionalProperties"] = False
    choices = node.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        kept = [choice for choice in choices if choice != {"type": "null"}]
        if len(kept) == 1:
            del node["anyOf"]
            node.update({key: value for key, value in kept[0].items() if key not in node})
        else:
            node["anyOf"] = kept
    for value in node.values():
        _clean(value)
