import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface Watched {
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly failures: IQueue;
  /** Age of the oldest commit outside of segments, seconds. */
  readonly tailAge: Metric;
}

export interface AlarmsProps {
  readonly notify?: ITopic;
  readonly tailAgeMax?: Duration;
}

const EVERY = Duration.minutes(5);

const TAIL_AGE_MAX = Duration.minutes(30);
/** A sweep may come late, and one datapoint is none. */
const SWEEPS_EACH = 3;

/** What the janitor tells of the log in that table, over the time of a few sweeps. */
export function tailAgeOf(table: string, sweepEvery: Duration): Metric {
  const period = Duration.minutes(Math.ceil(sweepEvery.toMinutes({ integral: false }) * SWEEPS_EACH));
  // By the names that the janitor writes it under (`lambda/tail-age-line.ts`).
  const names = { namespace: "Tidelog", metricName: "TailAge", dimensionsMap: { Table: table } };
  return new Metric({ ...names, statistic: "Maximum", period });
}

/**
 * Alarms for what somebody should look at: errors and throttles of each function, events that failed for good, and
 * commits that stay outside of segments.
 */
export class LogAlarms extends Construct {
  constructor(scope: Construct, id: string, { functions, failures, tailAge }: Watched, props: AlarmsProps) {
    super(scope, id);
    const { notify, tailAgeMax = TAIL_AGE_MAX } = props;
    const alarm = (
      name: string,
      metric: IMetric,
      description: string,
      { threshold = 1, treatMissingData = TreatMissingData.NOT_BREACHING } = {},
    ): void => {
      const created = new Alarm(this, name, {
        metric,
        alarmDescription: description,
        threshold,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData,
      });
      if (notify !== undefined) created.addAlarmAction(new SnsAction(notify));
    };
    for (const [name, each] of Object.entries(functions)) {
      alarm(`${name}Errors`, each.metricErrors({ period: EVERY }), `The log's ${name} function fails`);
      alarm(`${name}Throttles`, each.metricThrottles({ period: EVERY }), `The log's ${name} function is throttled`);
    }
    const left = failures.metricApproximateNumberOfMessagesVisible({ period: EVERY });
    alarm("Failures", left, "Work of the log failed for good: its events lie in the failure queue");
    // No sweep tells nothing: that is as bad as one that fails.
    alarm("TailAge", tailAge, "Records of the log are not made segments, or nobody sweeps", {
      threshold: tailAgeMax.toSeconds(),
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}

/** Requests, errors and durations of the functions, and the tail's age, on one page. */
export class LogDashboard extends Construct {
  constructor(scope: Construct, id: string, { functions, failures, tailAge }: Watched) {
    super(scope, id);
    const all = Object.values(functions);
    const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 12 });
    new Dashboard(this, "Dashboard", {
      widgets: [
        [
          graph(
            "Invocations",
            all.map((each) => each.metricInvocations()),
          ),
          graph(
            "Duration, 99th percentile",
            all.map((each) => each.metricDuration({ statistic: "p99" })),
          ),
        ],
        [
          graph(
            "Errors and throttles",
            all.flatMap((each) => [each.metricErrors(), each.metricThrottles()]),
          ),
          graph("Failed for good", [failures.metricApproximateNumberOfMessagesVisible()]),
        ],
        [graph("Age of the oldest commit outside of segments, s", [tailAge])],
      ],
    });
  }
}
