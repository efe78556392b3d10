import { importsOf, type SourceFile } from "./source-tree.ts";

const ADAPTERS = ["adapters/aws", "adapters/embedded", "adapters/memory", "adapters/wrappers"];
const ENGINE = ["records", "storage", "api", "log", "groups"];

/** What each room of `lib` may import besides itself and base. Rooms of one rank never import each other. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  records: [],
  storage: [],
  api: ["records"],
  log: ["records", "storage"],
  groups: ["storage"],
  service: ENGINE,
  "adapters/aws": ["storage"],
  "adapters/embedded": ["storage"],
  "adapters/memory": ["storage"],
  "adapters/wrappers": ["storage"],
  observe: [],
  config: [],
  http: ["api", "records"],
  client: ["api", "records", "config"],
  wire: ["api", "records"],
  gateway: ["api", "records", "wire"],
  aws: [...ENGINE, "service", "adapters/aws", "adapters/wrappers", "config", "client"],
  local: [...ENGINE, "service", ...ADAPTERS, "observe", "config", "http", "client", "wire", "gateway"],
  cli: ["client", "local", "aws", "config", ...ADAPTERS],
};

/**
 * The functions are composition roots of their own: each puts a broker together, and translates events. The construct
 * knows nothing of the engine: it only names bundles and settings, and is compiled apart.
 */
const OUTER_ROOMS: Readonly<Record<string, readonly string[]>> = {
  lambda: [...ENGINE, "service", "adapters/aws", "adapters/wrappers", "aws", "http", "observe", "config"],
  infra: [],
};

/** "lib/adapters/memory/x.ts" to "adapters/memory"; undefined when it lies in no known room. */
export function roomOf(file: string): string | undefined {
  const [, first = "", second = ""] = file.split("/");
  return [`${first}/${second}`, first].find((room) => Object.hasOwn(ROOMS, room));
}

/** Imports of `lambda` and `infra` that leave what they may know: their own room, and for functions the base. */
export function outerBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const [own = ""] = file.path.split("/");
    const rooms = OUTER_ROOMS[own] ?? [];
    const allowed = new Set(own === "lambda" ? ["base", ...rooms] : rooms);
    return importsOf(file)
      .filter((target) => !target.startsWith(`${own}/`))
      .filter((target) => !target.startsWith("lib/") || !allowed.has(roomOf(target) ?? ""))
      .map((target) => `${file.path} imports ${target}: ${own} may import ${[own, ...allowed].join(", ")}`);
  });
}

/** Imports that point up or sideways, files outside every room, and imports that leave `lib`. */
export function layeringBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const room = roomOf(file.path);
    if (room === undefined) return [`${file.path} lies in no room: see the table of rooms in docs/architecture.md`];
    const allowed = new Set([room, "base", ...(ROOMS[room] ?? [])]);
    return importsOf(file)
      .filter((target) => !target.startsWith("lib/") || !allowed.has(roomOf(target) ?? ""))
      .map((target) => `${file.path} imports ${target}: ${room} may import ${[...allowed].join(", ")}`);
  });
}

/** Import cycles, each told once, as a path that returns to its start. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
    if (done.has(file) || trail.includes(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}

/** Files that no door leads to, however indirectly. */
export function deadFiles(files: readonly SourceFile[], doors: readonly string[]): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]));
  const reached = new Set<string>();
  const queue = [...doors];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    queue.push(...(graph.get(file) ?? []));
  }
  return [...graph.keys()].filter((file) => !reached.has(file));
}
