import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("../../..", import.meta.url));

/** A source file as the rules see it. */
export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const SOURCE = /\.(ts|js)$/;

/** Every source file under the given folders. */
export function sourceTree(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => {
    const entries = readdirSync(path.join(projectRoot, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return { path: path.relative(projectRoot, file).replaceAll(path.sep, "/"), text: readFileSync(file, "utf8") };
      });
  });
}

/** The text with comments blanked and lines kept. Relies on formatted code: a comment starts a line or follows a space. */
export function codeOf(text: string): string {
  return text
    .replace(/(^|\s)\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/[^\n]*/g, (_, before: string) => before);
}

const STATEMENT_IMPORT = /^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"([^"]+)"/gm;
const EXPRESSION_IMPORT = /\bimport\(\s*"([^"]+)"/g;
/** A source file named in a string: how a worker thread's file is started. */
const NAMED_SOURCE = /"(\.{1,2}\/[^"\s]+\.ts)"/g;

/** What a file imports, as written: statements, `import()` and names of source files, of values and types alike. */
export function specifiersOf(text: string): string[] {
  const code = codeOf(text);
  const forms = [STATEMENT_IMPORT, EXPRESSION_IMPORT, NAMED_SOURCE];
  return [...new Set(forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] as string)))];
}

/** The project's own files that a file imports. */
export function importsOf(file: SourceFile): string[] {
  return specifiersOf(file.text)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => path.posix.join(path.posix.dirname(file.path), specifier));
}
