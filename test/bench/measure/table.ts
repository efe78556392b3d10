/** Numbers are shown with three figures or so. */
export type Cell = string | number;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What the figures mean, a sentence or two. */
  readonly note?: string;
}

export function tableText({ title, columns, rows, note }: Table): string {
  const cells = [columns, columns.map(() => "---"), ...rows.map((row) => row.map(cellText))];
  const lines = cells.map((row) => `| ${row.join(" | ")} |`);
  return [`### ${title}`, "", ...lines, "", ...(note === undefined ? [] : [note, ""])].join("\n");
}

function cellText(cell: Cell): string {
  if (typeof cell === "string") return cell;
  if (cell >= 100 || Number.isInteger(cell)) return Math.round(cell).toLocaleString("en");
  return cell.toFixed(cell >= 10 ? 1 : 2);
}
