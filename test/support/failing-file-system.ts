import type { FileSystem, NewFile } from "../../lib/adapters/embedded/file-system.ts";
import { NodeFileSystem } from "../../lib/adapters/embedded/node-file-system.ts";
import { type Fault, withFaults } from "./with-faults.ts";

/** An error as the operating system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** The real file system, but the operations for which `codeOf` names an error fail with it before any effect. */
export function failingFileSystem(codeOf: (operation: string, path: string) => string | undefined): FileSystem {
  const faultOf = (operation: string, path: string): Fault | undefined => {
    const code = codeOf(operation, path);
    return code === undefined ? undefined : { side: "before", error: systemError(code) };
  };
  const real = new NodeFileSystem();
  const failing = withFaults<FileSystem>(real, (operation, args) => faultOf(operation, String(args[0])));
  const createFile = async (path: string): Promise<NewFile> => {
    const file = await failing.createFile(path);
    return withFaults<NewFile>(file, (operation) => faultOf(operation, path));
  };
  return new Proxy(failing, {
    get: (target, name) => (name === "createFile" ? createFile : Reflect.get(target, name, target)),
  });
}
