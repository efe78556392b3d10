import { CfnOutput } from "aws-cdk-lib";
import { HttpApi, HttpStage, type IHttpRouteAuthorizer, LogGroupLogDestination } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

/** Tokens of an issuer of one's own, such as a user pool. */
export interface JwtAuthorization {
  readonly issuer: string;
  readonly audience: string[];
}

export interface Throttle {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

export interface HttpEntranceProps {
  readonly handler: IFunction;
  readonly authorization: "iam" | JwtAuthorization;
  readonly throttle: Throttle;
  readonly logRetention: RetentionDays;
}

/** The HTTP API in front of the log: it lets in whom IAM or a token's issuer vouches for, and nobody else. */
export class HttpEntrance extends Construct {
  readonly api: HttpApi;
  readonly url: string;

  constructor(scope: Construct, id: string, props: HttpEntranceProps) {
    super(scope, id);
    this.api = new HttpApi(this, "Api", {
      createDefaultStage: false,
      defaultIntegration: new HttpLambdaIntegration("Integration", props.handler),
      defaultAuthorizer: authorizerOf(props.authorization),
    });
    const accessLog = new LogGroup(this, "AccessLog", { retention: props.logRetention });
    const stage = new HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.requestsPerSecond, burstLimit: props.throttle.burst },
      accessLogSettings: { destination: new LogGroupLogDestination(accessLog) },
    });
    this.url = stage.url;
    new CfnOutput(this, "Endpoint", { value: this.url, description: "The endpoint for the SDK and the CLI" });
  }
}

function authorizerOf(authorization: "iam" | JwtAuthorization): IHttpRouteAuthorizer {
  if (authorization === "iam") return new HttpIamAuthorizer();
  const { issuer, audience } = authorization;
  return new HttpJwtAuthorizer("Jwt", issuer, { jwtAudience: audience });
}
