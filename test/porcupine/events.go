package main

import (
	"cmp"
	"slices"

	"github.com/anishathalye/porcupine"
)

// The search tries what is called first, first. Of what is called at one time, that comes first which the shorter
// list allows: reads of an end come before the append there, so an order that exists is found without a detour.
func toPorcupine(candidates []candidate) []porcupine.Operation {
	type event struct {
		candidate int
		isReturn  bool
		time      int64
	}
	var events []event
	for index, each := range candidates {
		events = append(events, event{index, false, each.from}, event{index, true, each.until})
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if order := cmp.Compare(a.time, b.time); order != 0 {
			return order
		}
		if a.isReturn != b.isReturn {
			// At one time, what begins overlaps what ends.
			if b.isReturn {
				return -1
			}
			return 1
		}
		return cmp.Compare(candidates[a.candidate].endAfter, candidates[b.candidate].endAfter)
	})
	converted := make([]porcupine.Operation, len(candidates))
	for at, each := range events {
		if operation := &converted[each.candidate]; each.isReturn {
			operation.Return = int64(at)
		} else {
			operation.Call = int64(at)
			operation.Input = candidates[each.candidate]
		}
	}
	return converted
}
