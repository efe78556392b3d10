import * as z from "zod";
import { errorBodySchema } from "../api/http/answer-schemas.ts";
import { JSON_TYPE } from "../api/http/media-types.ts";
import type { Content, Operation } from "../api/http/operation.ts";
import { OPERATIONS } from "../api/http/operations.ts";

type Schemas = Record<string, object>;

const ERRORS = "Refused. The code tells why; `effect` tells whether it may have happened nevertheless.";

/** The API as an OpenAPI 3.1 document, from the schemas that the server checks with. */
export function openApiDocument(version: string): object {
  const schemas: Schemas = {};
  const error = schemaOf(errorBodySchema, "output", schemas);
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.address] ??= {};
    Object.assign(paths[operation.address] as object, { [operation.method]: described(operation, error, schemas) });
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidelog",
      version,
      description: "A Kafka-style log over HTTP. Resources for people, one address per method for programs.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ token: [] }, {}],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function described(operation: Operation, error: object, schemas: Schemas): object {
  const { id, summary, body, status, answer, open } = operation;
  const parameters = [...pathParameters(operation.address), ...queryParameters(operation, schemas)];
  const isEmpty = Object.keys(answer).length === 0;
  return {
    operationId: id,
    summary,
    ...(open === true ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body, "input", schemas) } }),
    responses: {
      [status]: { description: "Done.", ...(isEmpty ? {} : { content: contentOf(answer, "output", schemas) }) },
      default: {
        description: ERRORS,
        content: { [JSON_TYPE]: { schema: error } },
      },
    },
  };
}

function pathParameters(address: string): object[] {
  return [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: "path", required: true, schema: { type: name === "partition" ? "integer" : "string" } };
  });
}

function queryParameters({ query }: Operation, schemas: Schemas): object[] {
  if (query === undefined) return [];
  return Object.entries(query.shape).map(([name, schema]) => {
    return { name, in: "query", required: false, schema: schemaOf(schema as z.ZodType, "input", schemas) };
  });
}

function contentOf(content: Content, io: "input" | "output", schemas: Schemas): object {
  const entries = Object.entries(content).map(([type, described]) => {
    const schema = described instanceof z.ZodType ? schemaOf(described, io, schemas) : { description: described.bytes };
    return [type, { schema }];
  });
  return Object.fromEntries(entries);
}

/** A schema's own part; what has a name in it moves to `schemas`, once for the whole document. */
function schemaOf(schema: z.ZodType, io: "input" | "output", schemas: Schemas): object {
  const { $schema: _, $defs, ...json } = z.toJSONSchema(schema, { io });
  for (const [name, named] of Object.entries($defs ?? {})) {
    const { id: _id, ...rest } = named as Record<string, unknown>;
    schemas[name] = moved(rest);
  }
  return moved(json);
}

function moved(json: object): object {
  return JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')) as object;
}
