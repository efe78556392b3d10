export { systemRuntime } from "../base/system-runtime.ts";
