import type { TestProject } from "vitest/node";
import { startAwsEmulators } from "./aws-emulators.ts";

declare module "vitest" {
  interface ProvidedContext {
    awsEndpoints: { readonly s3: string; readonly dynamodb: string };
  }
}

/** One pair of emulators for all files of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { s3, dynamodb, close } = await startAwsEmulators();
  project.provide("awsEndpoints", { s3, dynamodb });
  return close;
}
