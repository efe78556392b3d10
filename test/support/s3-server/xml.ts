const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
const UNESCAPES = Object.fromEntries(Object.entries(ESCAPES).map(([raw, escaped]) => [escaped, raw]));

/** `["Key", "a"]` or `["Contents", [["Key", "a"], …]]`. */
export type XmlNode = readonly [name: string, content: string | number | boolean | readonly XmlNode[]];

export function xmlDocument(root: XmlNode): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xmlText(root)}`;
}

function xmlText([name, content]: XmlNode): string {
  const inner = Array.isArray(content) ? content.map(xmlText).join("") : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

/** The contents of every element of this name, in order; enough for the flat documents that S3's clients send. */
export function elementsIn(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, "g"))].map((match) => match[1] ?? "");
}

export function textIn(xml: string, name: string): string {
  return (elementsIn(xml, name)[0] ?? "").replace(/&\w+;/g, (entity) => UNESCAPES[entity] ?? entity);
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
