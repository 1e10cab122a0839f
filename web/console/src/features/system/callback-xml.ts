// A callback's XML, which comes on one line, for reading: an element a line, nested ones indented. What it does not
// understand it leaves as it is.
const piece = /<!\[CDATA\[[\s\S]*?\]\]>|<\/?[A-Za-z][^<>]*>|[^<]+|</g;

export function pretty(xml: string): string {
  let out = "";
  let depth = 0;
  let text = false;
  for (const [part] of xml.matchAll(piece)) {
    const tag = part[0] === "<" && !part.startsWith("<![CDATA[") && part.length > 1;
    if (!tag) {
      if (part.trim() === "") continue;
      out += part;
      text = true;
    } else if (part.startsWith("</")) {
      depth = Math.max(0, depth - 1);
      out += text || out.endsWith(`<${part.slice(2)}`) ? part : `\n${"  ".repeat(depth)}${part}`;
      text = false;
    } else {
      out += `${out ? "\n" : ""}${"  ".repeat(depth)}${part}`;
      if (!part.endsWith("/>")) depth += 1;
      text = false;
    }
  }
  return out;
}
