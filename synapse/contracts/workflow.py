"""A workflow's definition: a tree of step, chain, group, chord, foreach and when, and of what waits: timer, wait_for and approval.

Expressions are JMESPath over one document: ``input`` (the run's), ``steps.<id>`` (earlier outputs),
``skipped.<id>`` (members dropped from a fan-out), ``prev`` (what the node before gave) and, inside a
foreach, its item under the name in ``as`` and ``index``. A string is an expression; anything else is a literal, and a literal
string is written the JMESPath way, ``'text'`` or ``` `"text"` ```.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

Expression = str
MOST_VERSIONS: Final = 999_999_999
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


LONGEST_WAIT = 366 * 86400
"""Seconds that a timer runs, or that anything is waited for, at most."""


def _in_range(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a number of seconds, or an expression that gives one")
    if not isinstance(value, str) and not 0 <= value <= LONGEST_WAIT:
        raise ValueError(f"from 0 to {LONGEST_WAIT} seconds")
    return value


Duration = Annotated[float | Expression, BeforeValidator(_in_range)]


class Definition(BaseModel):
    """Frozen, and an unknown key is an error: a misspelt option must not be silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Retry(Definition):
    """How often and how patiently a step is tried. Delays grow by ``factor`` and are jittered between half and whole."""

    attempts: int = Field(default=3, ge=1, le=20, description="Tries in all, the first included.")
    delay: float = Field(default=1.0, ge=0, le=3600, description="Seconds before the second try.")
    factor: float = Field(default=2.0, ge=1, le=10)
    max_delay: float = Field(default=60.0, ge=0, le=86400)
    on: tuple[str, ...] | None = Field(default=None, description="Error codes worth a retry; by default each error says so itself.")


class Step(Definition):
    """One agent's work. ``with`` gives each field of the agent's input an expression or a literal."""

    step: Identifier
    agent: str
    inputs: dict[str, JsonValue] = Field(default_factory=dict, alias="with")
    retry: Retry | None = Field(default=None, description="None: the agent's own.")
    timeout: float | None = Field(default=None, gt=0, le=86400, description="Seconds per attempt. None: the agent's own.")
    on_error: Literal["fail", "skip"] = "fail"


class Timer(Definition):
    """Waits for a time, without a worker: so long from now, or until then. Its output has ``until``."""

    timer: Identifier
    seconds: Duration | None = Field(default=None, description="From when it begins; a number or an expression.")
    until: Expression | None = Field(
        default=None, description="A moment as ISO 8601 text with its offset: `'2027-01-01T09:00:00Z'`, or an expression that gives one."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Timer:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("a timer has either seconds or until")
        return self


class WaitFor(Definition):
    """Waits for a signal that somebody sends to the run, without a worker; one that came before is taken at once.

    Its output has ``signal``, ``payload``, ``by``, ``at`` and ``timed_out``.
    """

    wait_for: Identifier
    signal: Identifier | None = Field(default=None, description="What the signal is called; None: as this node. Several may wait for one.")
    ask: Expression | None = Field(default=None, description="What is asked, for who sends it: text, or an expression that gives it.")
    payload: dict[str, JsonValue] = Field(default_factory=dict, description="What a payload must be; by default anything.")
    timeout: Duration | None = Field(default=None, description="Seconds; a number or an expression. None: as long as the run has.")
    on_timeout: Literal["fail", "skip", "default"] = Field(
        default="fail", description="`skip` is what a step's `on_error` says; `default` goes on with the default as payload."
    )
    default: JsonValue = Field(default=None, description="An expression or a literal, as in a step's `with`.")

    @model_validator(mode="after")
    def _default_is_used(self) -> WaitFor:
        if self.default is not None and self.on_timeout != "default":
            raise ValueError("a default is used with 'on_timeout: default' only")
        if self.on_timeout != "fail" and self.timeout is None:
            raise ValueError("without a timeout nothing happens on it")
        return self


class Approval(Definition):
    """Waits until somebody approves or rejects, without a worker.

    Its output has ``approved``, ``by``, ``comment``, ``sent_by``, ``at`` and ``expired``.
    """

    approval: Identifier
    signal: Identifier | None = Field(default=None, description="What the signal is called; None: as this node.")
    ask: Expression | None = Field(default=None, description="What is to be decided: text, or an expression that gives it.")
    timeout: Duration | None = Field(default=None, description="Seconds until it expires; a number or an expression.")
    on_timeout: Literal["fail", "skip", "reject"] = Field(default="fail", description="`reject` is as if somebody had rejected it.")
    on_reject: Literal["fail", "skip", "continue"] = Field(
        default="fail", description="`continue` goes on with an output that says so, for a `when` to look at."
    )

    @model_validator(mode="after")
    def _can_expire(self) -> Approval:
        if self.on_timeout != "fail" and self.timeout is None:
            raise ValueError("without a timeout nothing happens on it")
        return self


Wait = Timer | WaitFor | Approval


class Chain(Definition):
    """One after the other; its value is the last one's."""

    chain: tuple[Node, ...] = Field(min_length=1)


class Group(Definition):
    """All at once; its value is the list of theirs, in the order written, null for one that was skipped."""

    group: tuple[Node, ...] = Field(min_length=1)
    id: Identifier | None = None


class Chord(Definition):
    """A group or foreach, and a body that runs once all of it is done."""

    chord: Annotated[
        Annotated[Group, Tag("group")] | Annotated[Foreach, Tag("foreach")],
        Discriminator(
            lambda value: kind_of(value), custom_error_type="chord_kind", custom_error_message="a chord has a group or a foreach"
        ),
    ]
    body: Node


class Foreach(Definition):
    """The same node for every item of a list known only at run time; its value is the list of theirs, without those skipped."""

    foreach: Identifier
    items: Expression
    do: Node
    as_: Identifier = Field(default="item", alias="as")
    max: int = Field(default=100, ge=1, le=10_000, description="A longer list fails the run rather than be cut in silence.")
    min_success: int = Field(default=0, ge=0, description="Fewer members than this fail the run; skipped ones do not count.")


class When(Definition):
    """A node that runs only if the expression holds (JMESPath truth); otherwise the other one, or nothing.

    Its value is that of the one that ran; null when nothing did, a foreach over an empty list included.
    """

    when: Expression
    then: Node
    otherwise: Node | None = None


_KINDS = {
    "step": Step,
    "timer": Timer,
    "wait_for": WaitFor,
    "approval": Approval,
    "chain": Chain,
    "group": Group,
    "chord": Chord,
    "foreach": Foreach,
    "when": When,
}
_NAMES = {model: kind for kind, model in _KINDS.items()}


def kind_of(value: Any) -> str | None:
    """The node's kind, from the one key that names it."""
    if isinstance(value, Definition):
        return _NAMES.get(type(value))
    if isinstance(value, dict):
        return next((kind for kind in _KINDS if kind in value), None)
    return None


Node = Annotated[
    Annotated[Step, Tag("step")]
    | Annotated[Timer, Tag("timer")]
    | Annotated[WaitFor, Tag("wait_for")]
    | Annotated[Approval, Tag("approval")]
    | Annotated[Chain, Tag("chain")]
    | Annotated[Group, Tag("group")]
    | Annotated[Chord, Tag("chord")]
    | Annotated[Foreach, Tag("foreach")]
    | Annotated[When, Tag("when")],
    Discriminator(kind_of, custom_error_type="node_kind", custom_error_message=f"a node has one of the keys {', '.join(_KINDS)}"),
]


def _any_object() -> dict[str, JsonValue]:
    return {"type": "object"}


class Workflow(Definition):
    """A named, versioned tree and the JSON Schema of the input a run needs."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    version: int = Field(default=1, ge=1, le=MOST_VERSIONS)
    description: str = ""
    input: dict[str, JsonValue] = Field(default_factory=_any_object)
    timeout: float | None = Field(
        default=None, gt=0, le=LONGEST_WAIT, description="Seconds that a run has when its request does not say. None: the setting."
    )
    do: Node


for _model in (Chain, Group, Chord, Foreach, When, Workflow):
    _model.model_rebuild()
