import * as z from "zod";
import {
  embeddedCacheBytesMax,
  httpBodiesBytesMax,
  httpBodyBytesMax,
  pendingProduceBytesMax,
  topicPartitionsMax,
} from "../base/limits.ts";
import { asBoolean, asBytes, asList, asNumber, asPairs, asText, setting } from "./setting.ts";

const MIB = 1024 * 1024;

const wholeNumber = (least: number, most: number) => z.number().int().min(least).max(most);
const atLeast = (bytes: number) => wholeNumber(bytes, Number.MAX_SAFE_INTEGER);
const bytesText = (bytes: z.ZodNumber) =>
  z.preprocess((value) => (typeof value === "string" ? asBytes(value) : value), bytes);

/** What an HTTP header can carry: visible ASCII, no spaces. */
const tokenSchema = z.string().regex(/^[\x21-\x7e]+$/, "expected visible ASCII characters without spaces");

const endpointSchema = z
  .url({ protocol: /^https?$/, error: "expected a URL like http://127.0.0.1:8080", abort: true })
  .refine((text) => new URL(text).username === "" && new URL(text).password === "", {
    error: "expected no user name or password in the URL: set a token instead",
  });

/**
 * Every setting, once: by this name in the configuration file, as `--data-dir` on the command line and as
 * `TIDELOG_DATA_DIR` in the environment.
 */
export const SETTINGS = {
  host: setting({
    schema: z.string().min(1),
    fromText: asText,
    fallback: "127.0.0.1",
    about: "address that the server listens on; other than loopback it demands a token or insecure",
  }),
  port: setting({
    schema: wholeNumber(0, 65_535),
    fromText: asNumber,
    fallback: 8080,
    about: "port that the server listens on; 0 picks a free one",
  }),
  dataDir: setting({
    schema: z.string().min(1),
    fromText: asText,
    fallback: "./tidelog-data",
    about: "directory that holds everything the server keeps",
    path: true,
  }),
  token: setting({
    schema: tokenSchema.optional(),
    fromText: asText,
    fallback: undefined,
    about: "bearer token that the server demands and the client sends",
    secret: true,
  }),
  tokenFile: setting({
    schema: z.string().min(1).optional(),
    fromText: asText,
    fallback: undefined,
    about: "file whose content is the token",
    path: true,
  }),
  insecure: setting({
    schema: z.boolean(),
    fromText: asBoolean,
    fallback: false,
    about: "lets the server listen beyond loopback without a token",
  }),
  allowHost: setting({
    schema: z.array(z.string().min(1)),
    fromText: asList,
    fallback: [],
    about: "further host names that requests may come under (Host and Origin)",
  }),
  endpoint: setting({
    schema: endpointSchema,
    fromText: asText,
    fallback: "http://127.0.0.1:8080",
    about: "address of the server that commands talk to",
  }),
  sign: setting({
    schema: z.enum(["auto", "aws", "never"]),
    fromText: asText,
    fallback: "auto",
    about: "whether commands sign for AWS's IAM; auto does for addresses of AWS, where there is no token",
  }),
  awsProfile: setting({
    schema: z.string().min(1).optional(),
    fromText: asText,
    fallback: undefined,
    about:
      "profile of AWS's configuration files that commands work with; at an API it needs @aws-sdk/credential-providers",
  }),
  logLevel: setting({
    schema: z.enum(["debug", "info", "warn", "error"]),
    fromText: asText,
    fallback: "info",
    about: "least important log lines that are written",
  }),
  logFormat: setting({
    schema: z.enum(["auto", "json", "pretty"]),
    fromText: asText,
    fallback: "auto",
    about: "form of log lines; auto is pretty on a terminal and json elsewhere",
  }),
  autoCreateTopics: setting({
    schema: z.boolean(),
    fromText: asBoolean,
    fallback: true,
    about: "whether the first publish to an unknown topic creates it",
  }),
  defaultPartitions: setting({
    schema: wholeNumber(1, topicPartitionsMax),
    fromText: asNumber,
    fallback: 1,
    about: "partitions of a topic that is created without a number of them",
  }),
  topicDefaults: setting({
    schema: z.record(z.string().min(1), z.string()),
    fromText: asPairs,
    fallback: {},
    about: "topic configs for topics that do not set them, by Kafka's names",
  }),
  lingerMs: setting({
    schema: wholeNumber(0, 1000),
    fromText: asNumber,
    fallback: 0,
    about: "how long a produce may wait for others to be stored together with it, ms",
  }),
  groupSessionTimeoutMs: setting({
    schema: wholeNumber(3000, 3_600_000),
    fromText: asNumber,
    fallback: 45_000,
    about: "how long a consumer group's member may be silent before others get its partitions, ms",
  }),
  groupHeartbeatIntervalMs: setting({
    schema: wholeNumber(500, 600_000),
    fromText: asNumber,
    fallback: 5000,
    about: "how often members of consumer groups are told to heartbeat, ms; a third of the session at most",
  }),
  bodyBytesMax: setting({
    schema: bytesText(atLeast(1024)),
    fromText: asBytes,
    fallback: httpBodyBytesMax,
    about: "largest request body that the server takes",
  }),
  bodiesBytesMax: setting({
    schema: bytesText(atLeast(MIB)),
    fromText: asBytes,
    fallback: httpBodiesBytesMax,
    about: "bytes of request bodies that the server holds at a time before it answers Overloaded",
  }),
  pendingBytesMax: setting({
    schema: bytesText(atLeast(MIB)),
    fromText: asBytes,
    fallback: pendingProduceBytesMax,
    about: "bytes of produced batches that wait to be stored before the server answers Overloaded",
  }),
  cacheBytesMax: setting({
    schema: bytesText(atLeast(0)),
    fromText: asBytes,
    fallback: embeddedCacheBytesMax,
    about: "bytes of stored objects that the server keeps in memory",
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The effective value of every setting. */
export type Config = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]["schema"]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** `dataDir` to `data-dir`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export const VARIABLE_PREFIX = "TIDELOG_";

/** `dataDir` to `TIDELOG_DATA_DIR`. */
export function variableOf(name: string): string {
  return VARIABLE_PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
