import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { extractText } from "./extract.ts";

type Node = DefaultTreeAdapterTypes.Node;

/** All characters of the tree that a full parser builds, without white space. */
function characters(node: Node): string {
  if ("value" in node) return node.value.replace(/\s+/g, "");
  if (["script", "style", "title", "noscript", "template"].includes(node.nodeName)) return "";
  return "childNodes" in node ? node.childNodes.map(characters).join("") : "";
}

const squeeze = (text: string) => text.replace(/\s+/g, "");

test("blocks are lines, inline elements are not even spaces, white space collapses", () => {
  const html = "<h1>Sums</h1>\n<p>H<sub>2</sub>O  and\n <b>x</b>.</p><ul><li>a<li>b</ul><table><tr><td>1<td>2</table>";
  assert.equal(extractText(html).text, "Sums\nH2O and x.\na\nb\n1 2");
});

test("scripts, styles, comments, navigation and footers are no text; the title stands apart", () => {
  const html = `<!doctype html><title>A &amp; B</title><script>if (a < b) "</p>"</script><style>p{}</style>
    <nav>Home <nav>inner</nav> up</nav><p>text<!-- no > --> more<footer>imprint</footer>`;
  assert.deepEqual(extractText(html), { title: "A & B", text: "text more" });
});

test("formulas keep their TeX: annotations, alttext, MathJax scripts, formula images", () => {
  const annotation = '<math><mi>x</mi><annotation encoding="application/x-tex">x^2 &lt; 1</annotation></math>';
  assert.equal(extractText(`so ${annotation} holds`).text, "so $x^2 < 1$ holds");
  assert.equal(extractText('<math alttext="a+b"><mi>a</mi></math>').text, "$a+b$");
  assert.equal(extractText('<script type="math/tex; mode=display">\\frac12</script>').text, "$\\frac12$");
  assert.equal(extractText('<img class="tex" alt="e^{i\\pi}" src=x> <img alt="a photo">').text, "$e^{i\\pi}$");
  assert.equal(extractText("<math><mi>x</mi><mo>=</mo></math>").text, "x=");
});

test("preformatted text keeps its line breaks and indentation", () => {
  assert.equal(extractText("<p>code:<pre>\n  a\n\n    b\n</pre>after").text, "code:\n  a\n\n    b\nafter");
});

test("coloured code keeps the line breaks between its elements, and white space at a block's end goes", () => {
  const html = "<pre><b>if</b> x:\n  <b>return</b>\n\n<b>f</b>(&nbsp;1)  \n </pre> <p>z";
  assert.equal(extractText(html).text, "if x:\n  return\n\nf(\u00a01)\nz");
});

test("tags that are never closed do not make a page slow", () => {
  for (const tag of ["<nav>", "<math>", "<svg><nav>"]) {
    const start = performance.now();
    assert.equal(extractText(`${tag.repeat(100_000)}end`).text.slice(-3), "end");
    const taken = performance.now() - start;
    assert.ok(taken < 5000, `${tag}: ${taken} ms`);
  }
});

test("quoted attributes may hold brackets, and a bracket that begins no tag is text", () => {
  assert.equal(extractText('<p title="a > b">1 < 2 and 3 <4</p><a href=x>y</a>').text, "1 < 2 and 3 <4\ny");
});

test("any soup of tags gives the characters that parse5's tree has", () => {
  const piece = fc.constantFrom(
    ..."<p> </p> <b> </b> <i> <div> </div> <br> <!--c--> <a|href='x>y'> <img|alt=a> &amp; &lt; &eacute; a 1 text < <3 <pre> </pre> <script>1<2</script> <li> é".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const html = pieces.map((text) => text.replace("|", " ")).join(" ");
      assert.equal(squeeze(extractText(html).text), characters(parse(html)));
    }),
    { numRuns: 500 },
  );
});

test("unclosed tags, comments and scripts at the end of the page end it", () => {
  for (const tail of ["<p", "<a href='x", "<!-- x", "<script>x", "</"])
    assert.equal(extractText(`a${tail}`).text[0], "a");
});
