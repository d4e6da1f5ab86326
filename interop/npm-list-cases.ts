// The lists that the npm packages ask trackers for. Records grew with 6.13 (wire-protocol.md §11), and the packages divide
// by the old sizes: they fail on C 6.16 in the same way.
import { GroupList, StorageList } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { missing, type NpmClientTrial } from "./npm-client-trial.ts";
import { bodyOf, exchange, recordedExchange, withAnswer } from "./recorded-answers.ts";

export function describeLists(trial: () => NpmClientTrial, storageId: string): void {
  describe("lists", () => {
    it("of groups have the layout of C 6.16, which the package does not know", async () => {
      const recorded = recordedExchange("client-tracker", "list_all_groups");
      const answer = await exchange(trial().cluster.trackerPort, recorded.request);
      // Both clusters have two groups: group1 with two store paths here, group2 there.
      expect(answer.subarray(0, 10)).toEqual(recorded.answer.subarray(0, 10));
      const { groups } = GroupList.decode(bodyOf(answer));
      expect(GroupList.encode({ groups })).toEqual(bodyOf(answer));
      expect(groups.map(({ groupName, storePathCount }) => [groupName, storePathCount])).toEqual([
        ["group1", 2],
        ["group2", 1],
      ]);
      const fromC = GroupList.decode(bodyOf(recorded.answer)).groups;
      expect(groups.map(({ storageCount }) => storageCount)).toEqual(fromC.map(({ storageCount }) => storageCount));

      const complaint = `byte array length:${bodyOf(answer).length} is invalid!`;
      await expect(trial().client.listGroups()).rejects.toBe(complaint);
      await withAnswer(recorded.answer, (port) =>
        expect(trial().clientOf([port]).listGroups()).rejects.toBe(complaint),
      );
    });

    it("of storages have it too", async () => {
      const recorded = recordedExchange("client-tracker", "list_storages");
      const answer = await exchange(trial().cluster.trackerPort, recorded.request);
      expect(answer.subarray(0, 10)).toEqual(recorded.answer.subarray(0, 10));
      const { storages } = StorageList.decode(bodyOf(answer));
      expect(StorageList.encode({ storages })).toEqual(bodyOf(answer));
      expect(storages[0]).toMatchObject({
        storageId,
        storageIp: "127.0.0.1",
        storagePort: trial().cluster.storagePorts.group1,
        storePathCount: 2,
        status: StorageList.decode(bodyOf(recorded.answer)).storages[0]!.status,
      });

      const complaint = `byte array length:${bodyOf(answer).length} is invalid!`;
      await expect(trial().client.listStorages("group1")).rejects.toBe(complaint);
      await withAnswer(recorded.answer, (port) =>
        expect(trial().clientOf([port]).listStorages("group1")).rejects.toBe(complaint),
      );
    });

    it("are missed for an unknown group", async () => {
      await expect(trial().client.listStorages("group9")).rejects.toMatchObject(missing);
    });
  });
}
