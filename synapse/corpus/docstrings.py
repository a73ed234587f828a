"""The documentation inside Python source, read with ``ast``: nothing is imported, nothing runs."""

from __future__ import annotations

import ast
import inspect
import re
import warnings
from dataclasses import dataclass

from synapse.errors import Permanent
from synapse.extract.blocks import Blocks, Extracted, tidy
from synapse.extract.markdown import read_markdown
from synapse.extract.rst import inline, read_rst

_MIN_PROSE = 300
"""Code points of docstrings: a module with less has nothing to tell that its names do not."""
_MAX_SIGNATURE = 110
_MARKDOWN = re.compile(r"^\s*```|^#{1,4} |\]\(https?://", re.M)
_RST = re.compile(r"^\s*\.\. |:\w+:`|``|::\s*$|^[=\-~^\"]{4,}$", re.M)
_FIRST_SENTENCE = re.compile(r"(?<=[.!?])\s")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class _Source:
    """A module being read: its blocks so far and its lines, for what ``ast`` drops."""

    blocks: Blocks
    lines: list[str]

    def comment_above(self, line: int) -> str:
        """The ``#:`` comment right above a line (from 1), which documents an attribute by Sphinx's convention."""
        found: list[str] = []
        at = line - 2
        while at >= 0 and self.lines[at].lstrip().startswith("#:"):
            found.append(self.lines[at].strip()[2:])
            at -= 1
        return inspect.cleandoc("\n".join(reversed(found)))


def read_module(source: str, module: str) -> Extracted:
    """A document of a module's docstrings: the names of classes and functions as headings, what is said of them below.

    Raises Permanent when the source cannot be parsed or documents nothing worth reading.
    """
    try:
        with warnings.catch_warnings():
            # Invalid escapes in somebody's strings are their affair.
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Permanent(f"cannot be parsed: {error}") from error
    blocks = Blocks()
    lead = inspect.cleandoc(ast.get_docstring(tree, clean=False) or "")
    title = _title(module, lead)
    blocks.heading(title, 1)
    _prose(lead, blocks)
    prose = len(lead) + _body(tree, module, _Source(blocks, source.splitlines()), level=2)
    if prose < _MIN_PROSE:
        raise Permanent("hardly any documentation in it")
    return Extracted(title=title, text=blocks.text, headings=tuple(blocks.headings))


def _title(module: str, lead: str) -> str:
    paragraph = next((part for part in re.split(r"\n\s*\n", lead) if re.search(r"\w", part)), "")
    sentence = tidy(inline(_FIRST_SENTENCE.split(re.sub(r"\n[^\w\s]{3,}\s*$", "", paragraph).strip())[0])).rstrip(".:")
    if not sentence or len(sentence) > 120 or sentence.lower() in (module.lower(), module.rpartition(".")[2].lower()):
        return module
    return f"{module}: {sentence}"


def _body(node: ast.Module | ast.ClassDef, prefix: str, source: _Source, *, level: int) -> int:
    """Everything public that a module or class defines; gives the code points of its documentation."""
    prose = 0
    statements = _flat(node.body)
    for at, statement in enumerate(statements):
        if isinstance(statement, Definition):
            prose += _definition(statement, prefix, source, level)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            following = statements[at + 1] if at + 1 < len(statements) else None
            prose += _attribute(statement, following, prefix, source, level)
    return prose


def _flat(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements, with those under ``if`` and ``try`` in their place: version checks hide definitions there."""
    found: list[ast.stmt] = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, ast.If | ast.Try):
            found.extend(_flat(statement.body) + _flat(statement.orelse))
    return found


def _definition(node: Definition, prefix: str, source: _Source, level: int) -> int:
    documented = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
    public = not node.name.startswith("_") or (node.name == "__init__" and len(documented) > 80)
    if not public or _is_overload(node):
        return 0
    name = f"{prefix}.{node.name}"
    blocks = source.blocks
    if isinstance(node, ast.ClassDef):
        inner = _Source(Blocks(), source.lines)
        prose = len(documented) + _body(node, name, inner, level=level + 1)
        if prose:
            blocks.heading(f"class {name}", level)
            _prose(documented, blocks)
            blocks.extend(inner.blocks)
        return prose
    parameters = _parameter_docs(node)
    if not documented and not parameters:
        return 0
    blocks.heading(name + _signature(node), level)
    _prose(documented, blocks)
    for parameter, text in parameters:
        blocks.paragraph(f"{parameter}: {tidy(_first_block(text))}")
    return len(documented) + sum(len(text) for _, text in parameters)


def _attribute(node: ast.Assign | ast.AnnAssign, following: ast.stmt | None, prefix: str, source: _Source, level: int) -> int:
    """An attribute with the string below it or the ``#:`` comment above it, which document it by convention."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Name) or target.id.startswith("_"):
        return 0
    text = following.value.value if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant) else None
    documented = inspect.cleandoc(text) if isinstance(text, str) else source.comment_above(node.lineno)
    if documented:
        source.blocks.heading(f"{prefix}.{target.id}", level)
        _prose(documented, source.blocks)
    return len(documented)


def _is_overload(node: Definition) -> bool:
    return any(
        (isinstance(mark, ast.Name) and mark.id == "overload") or (isinstance(mark, ast.Attribute) and mark.attr in ("overload", "setter"))
        for mark in node.decorator_list
    )


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Parameter names and short defaults; annotations would bury the names."""
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args) if argument.arg not in ("self", "cls")]
    if arguments.vararg:
        names.append("*" + arguments.vararg.arg)
    elif arguments.kwonlyargs:
        names.append("*")
    names += [argument.arg for argument in arguments.kwonlyargs]
    if arguments.kwarg:
        names.append("**" + arguments.kwarg.arg)
    text = ", ".join(names)
    return f"({text})" if len(text) <= _MAX_SIGNATURE else f"({text[:_MAX_SIGNATURE].rpartition(', ')[0]}, …)"


def _parameter_docs(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[str, str]]:
    """Texts in ``Annotated[..., Doc("...")]``, which is how FastAPI and others document parameters."""
    found: list[tuple[str, str]] = []
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        for call in ast.walk(argument.annotation) if argument.annotation is not None else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Doc" and call.args:
                value = call.args[0]
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.append((argument.arg, inspect.cleandoc(value.value)))
    return found


def _first_block(text: str) -> str:
    """The words of a parameter's documentation without its code samples and links to elsewhere."""
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", prose).replace("`", "").replace("**", "")


def _prose(docstring: str, blocks: Blocks) -> None:
    if not docstring:
        return
    markdown = bool(_MARKDOWN.search(docstring)) and not _RST.search(re.sub(r"```.*?```", "", docstring, flags=re.S))
    # mkdocstrings' cross references: [`shown`][where.it.leads]
    docstring = re.sub(r"\[`?([^\]`]+)`?\]\[[^\]]*\]", r"\1", docstring)
    inner = Blocks()
    if markdown:
        read_markdown(docstring, inner)
    else:
        read_rst(docstring, inner, base_level=5)
    blocks.extend(inner, shallowest=5)
