/** A fenced block that can be run, and the block of output that follows it, if one does. */
export interface Example {
  readonly language: "sh" | "ts";
  /** Of the opening fence. */
  readonly line: number;
  readonly code: string;
  readonly output: ExampleOutput | undefined;
}

/** `text` is compared line by line, `json` as a value. */
export interface ExampleOutput {
  readonly language: "text" | "json";
  readonly text: string;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
}

/**
 * All fenced blocks of a document, as examples with their outputs. A block that is neither is an error: nothing in a
 * document may look like an example and go untested.
 */
export function examplesIn(document: string): readonly Example[] {
  const examples: Example[] = [];
  let open: Example | undefined;
  for (const { language, line, text } of blocksIn(document)) {
    if (language === "sh" || language === "ts") {
      open = { language, line, code: text, output: undefined };
      examples.push(open);
    } else if ((language === "text" || language === "json") && open !== undefined) {
      examples[examples.length - 1] = { ...open, output: { language, text } };
      open = undefined;
    } else if (language !== "mermaid") {
      throw new Error(
        `line ${line}: a block of ${language || "no language"} is neither an example nor the output of one`,
      );
    }
  }
  return examples;
}

function blocksIn(document: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of document.split("\n").entries()) {
    const fence = /^\s*(?:```|~~~)(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { language: (fence[1] ?? "").trim(), line: index + 1, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join("\n") });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block has no end`);
  return blocks;
}
