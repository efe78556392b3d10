import { readFileSync } from "node:fs";
import path from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Tidelog } from "../../../infra/tidelog.ts";
import { bundleFunctions } from "../../../scripts/bundle-functions.ts";

/** What stands in a synthesized template and matters to whoever runs its functions. */
export interface SynthesizedLog {
  readonly functions: readonly SynthesizedFunction[];
  /** The function behind the HTTP API. */
  readonly api: string;
  /** The function that the API's is told to hand partitions to. */
  readonly roller: string;
  readonly schedules: readonly Schedule[];
}

export interface SynthesizedFunction {
  /** Its logical id, by which others refer to it. */
  readonly id: string;
  /** The asset's file that has the handler. */
  readonly bundle: string;
  readonly timeoutMs: number;
  /** Texts as they are; references as the type of the resource that they name, and its id. */
  readonly variables: Readonly<Record<string, string | { readonly type: string; readonly id: string }>>;
}

export interface Schedule {
  readonly functionId: string;
  readonly event: unknown;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

const STACK = "Tidelog";

/**
 * What `cdk synth` has written to the folder that TIDELOG_TEST_CDK_OUT names; without that, the functions are
 * bundled and the stack is synthesized anew, into a folder of the test's own.
 */
export async function synthesizeLog(folder: string): Promise<SynthesizedLog> {
  const { TIDELOG_TEST_CDK_OUT: synthesized } = process.env;
  if (synthesized !== undefined) return readAssembly(synthesized);
  const functionsFolder = path.join(folder, "functions");
  await bundleFunctions(functionsFolder);
  const outdir = path.join(folder, "cdk.out");
  const app = new App({ outdir });
  new Tidelog(new Stack(app, STACK), "Log", { functionsFolder });
  app.synth();
  return readAssembly(outdir);
}

function readAssembly(outdir: string): SynthesizedLog {
  const file = readFileSync(path.join(outdir, `${STACK}.template.json`), "utf8");
  const { Resources: resources } = JSON.parse(file) as { Resources: Readonly<Record<string, Resource>> };
  const ofType = (type: string): [string, Resource["Properties"]][] =>
    Object.entries(resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, { Properties }]) => [id, Properties]);
  const functions = ofType("AWS::Lambda::Function").map(([id, properties]) =>
    functionOf(id, properties, { outdir, typeOf: (other) => resources[other]?.Type ?? "" }),
  );
  const [integration] = ofType("AWS::ApiGatewayV2::Integration");
  const schedules = ofType("AWS::Events::Rule").flatMap(([, { Targets }]) =>
    (Targets as { Arn: unknown; Input: string }[]).map(({ Arn, Input }) => ({
      functionId: idOfArn(Arn),
      event: JSON.parse(Input) as unknown,
    })),
  );
  const api = idOfArn(integration?.[1].IntegrationUri);
  const roller = functions.find(({ id }) => id === api)?.variables.LOG_ROLLER;
  if (typeof roller !== "object") throw new Error(`${api} is not told of a roller`);
  return { functions, api, roller: roller.id, schedules };
}

function functionOf(
  id: string,
  properties: Resource["Properties"],
  { outdir, typeOf }: { outdir: string; typeOf: (id: string) => string },
): SynthesizedFunction {
  const { Code, Handler, Timeout, Environment } = properties as {
    Code: { S3Key: string };
    Handler: string;
    Timeout: number;
    Environment: { Variables: Record<string, string | { Ref: string }> };
  };
  // An asset is stored under its hash; the folder that it was made of has the same name.
  const folder = path.join(outdir, `asset.${Code.S3Key.replace(/\.zip$/, "")}`);
  const variables = Object.fromEntries(
    Object.entries(Environment.Variables).map(([name, value]) => [
      name,
      typeof value === "string" ? value : { type: typeOf(value.Ref), id: value.Ref },
    ]),
  );
  const [module] = Handler.split(".");
  return { id, bundle: path.join(folder, `${module}.mjs`), timeoutMs: Timeout * 1000, variables };
}

function idOfArn(reference: unknown): string {
  const { "Fn::GetAtt": [id = ""] = [] } = reference as { "Fn::GetAtt"?: string[] };
  return id;
}
