"""The JSON Schema says what the models check."""

from __future__ import annotations

import json
from typing import Any

from runners.spec.models import InventoryModel, PipelineModel
from runners.spec.schema import DIALECT, inventory_schema, pipeline_schema


def _walk(node: Any) -> list[dict[str, Any]]:
    found = [node] if isinstance(node, dict) else []
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return found + [part for child in inner for part in _walk(child)]


def test_schemas_are_draft_2020_12_and_plain_json() -> None:
    for schema in (pipeline_schema(), inventory_schema()):
        assert schema["$schema"] == DIALECT == "https://json-schema.org/draft/2020-12/schema"
        assert json.loads(json.dumps(schema)) == schema


def test_schemas_name_every_key_and_forbid_the_others() -> None:
    for schema, model in ((pipeline_schema(), PipelineModel), (inventory_schema(), InventoryModel)):
        assert list(schema["properties"]) == list(model.model_fields)
        objects = [part for part in _walk(schema) if part.get("type") == "object" and "properties" in part]
        assert objects
        assert all(part["additionalProperties"] is False for part in objects)


def test_schemas_offer_no_null_where_a_key_may_be_left_out() -> None:
    assert {"type": "null"} not in _walk(pipeline_schema())


def test_names_are_checked_by_pattern() -> None:
    stage = pipeline_schema()["$defs"]["StageModel"]["properties"]
    assert list(stage["jobs"]["patternProperties"]) == ["^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$"]
    assert list(pipeline_schema()["properties"]["env"]["patternProperties"]) == ["^[A-Za-z_][A-Za-z0-9_]*$"]


def test_inventory_schema_knows_the_short_forms() -> None:
    properties = inventory_schema()["properties"]
    (group,) = properties["groups"]["patternProperties"].values()
    (host,) = properties["hosts"]["patternProperties"].values()
    assert [form.get("type", "whole") for form in group["anyOf"]] == ["whole", "array"]
    assert [form.get("type", "whole") for form in host["anyOf"]] == ["whole", "null"]


def test_defaults_of_durations_are_durations() -> None:
    assert pipeline_schema()["$defs"]["RetryModel"]["properties"]["delay"]["default"] == "2s"


def test_concurrency_may_be_the_name_of_its_group() -> None:
    whole, name = pipeline_schema()["properties"]["concurrency"]["anyOf"]
    assert whole == {"$ref": "#/$defs/ConcurrencyModel"}
    assert (name["type"], name["pattern"]) == ("string", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$")
