import type { Command } from "commander";
import type { DescribedMember, GroupDescription, GroupOffset } from "../../client/index.ts";
import type { CommandContext } from "../command-context.ts";
import { addClientOptions, type ClientFlags, withClient } from "../open-client.ts";
import { formatTable } from "../table.ts";

interface Flags extends ClientFlags {
  readonly json?: boolean;
}

/** `tidelog groups describe`: members with their partitions, and how far the group is in each partition. */
export function addGroupsDescribe(groups: Command, { output }: CommandContext): void {
  const command = groups.command("describe").description("show a group's members, offsets and lag");
  command.argument("<group>", "the group's id");
  addClientOptions(command)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  $ tidelog groups describe billing")
    .action(async (groupId: string, flags: Flags) => {
      const [group, offsets] = await withClient(flags, ({ log }) =>
        Promise.all([log.admin.groups.describe(groupId), log.admin.groups.offsets(groupId)]),
      );
      if (flags.json) return await output.json({ groupId, ...group, offsets });
      const head = `group:    ${groupId}\nstate:    ${group.state}\nepoch:    ${group.groupEpoch}\nassignor: ${group.assignor}\n`;
      await output.write([head, membersTable(group), offsetsTable(group, offsets)].join("\n"));
    });
}

function membersTable({ members }: GroupDescription): string {
  const rows = members.map((member) => [
    member.memberId,
    member.clientId,
    member.instanceId ?? "-",
    member.memberEpoch,
    partitionsText(member),
  ]);
  return formatTable(["MEMBER", "CLIENT", "INSTANCE", "EPOCH", "PARTITIONS"], rows);
}

function partitionsText({ assignment }: DescribedMember): string {
  const texts = assignment.map(({ topic, partitions }) => `${topic}: ${partitions.join(",")}`);
  return texts.length === 0 ? "-" : texts.join("; ");
}

function offsetsTable({ members }: GroupDescription, offsets: readonly GroupOffset[]): string {
  const ownerOf = (offset: GroupOffset): string =>
    members.find(({ assignment }) =>
      assignment.some(({ topic, partitions }) => topic === offset.topic && partitions.includes(offset.partition)),
    )?.memberId ?? "-";
  const rows = offsets.map((each) => [
    each.topic,
    each.partition,
    each.offset,
    each.highWatermark,
    each.lag,
    ownerOf(each),
  ]);
  return formatTable(["TOPIC", "PARTITION", "OFFSET", "HIGH WATERMARK", "LAG", "MEMBER"], rows);
}
