import { App, Stack, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { Tidelog } from "./tidelog.ts";

/** A stack with one log and nothing else: `npx cdk deploy` is the whole installation. */
const app = new App();
const stack = new Stack(app, "Tidelog", { description: "A Kafka-style log on S3, DynamoDB and Lambda" });
new Tidelog(stack, "Log", { alarms: {}, dashboard: true });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
