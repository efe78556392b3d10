import type { SourceFile } from "./source-tree.ts";

export const fileLinesMax = 400;

const EMPTY_WORDS = /(^|[-/.])(utils?|helpers?|managers?|commons?|misc|stuff)(?=[-/.])/;
const KEBAB = /^(.*\/)?[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|bench))?\.(ts|js)$/;

export function tooLong(files: readonly SourceFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > fileLinesMax)
    .map(({ path, lines }) => `${path} has ${lines} lines: split it below ${fileLinesMax}`);
}

/** Names that say nothing, or are not written like-this.ts. */
export function poorNames(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => EMPTY_WORDS.test(path) || !KEBAB.test(path))
    .map(({ path }) => `${path}: name a file after its main export, in lower case with hyphens`);
}
