package main

import (
	"cmp"
	"math"
	"slices"
)

// Spares the search what makes no difference: it still finds an order if, and only if, there is one.
func tighten(candidates []candidate) []candidate {
	merged := mergeAttempts(candidates)
	narrow(merged)
	orderReads(merged)
	return merged
}

// The attempts to append one batch at one offset become one append. The first to take effect appends; whichever it
// is, the one that was called first could have done so in its place, and all others change nothing, at once or when
// they are called. So it is not before the first call, and not after the first return.
func mergeAttempts(candidates []candidate) []candidate {
	type attempt struct {
		batch           string
		offset, records int64
	}
	places := map[attempt]int{}
	var merged []candidate
	for _, each := range candidates {
		if each.Kind == "append" && each.Offset >= 0 {
			key := attempt{each.Batch, each.Offset, each.Records}
			if place, again := places[key]; again {
				merged[place].from = min(merged[place].from, each.from)
				merged[place].until = min(merged[place].until, each.until)
				continue
			}
			places[key] = len(merged)
		}
		merged = append(merged, each)
	}
	return merged
}

// Narrows the intervals by what every lawful order has in common. The list only grows: if its end before X is below
// its end after Y whatever happens, then X comes before Y, so Y not before X's call, and X not after Y's return.
// No lawful order is lost so, and none is gained, as intervals only shrink. One that comes out empty shows that
// there is no lawful order; it is left as it was, for the search to find that out by itself.
func narrow(candidates []candidate) {
	attempts := map[string]int{}
	for _, each := range candidates {
		if each.Kind == "append" && each.Offset >= 0 {
			attempts[each.Batch]++
		}
	}
	calls, returns := []bound{}, []bound{}
	for index := range candidates {
		each := &candidates[index]
		each.endAfter = endAfter(each.operation)
		each.endBefore = endBefore(each.operation, attempts[each.Batch])
		calls = append(calls, bound{each.endBefore, each.from})
		returns = append(returns, bound{each.endAfter, each.until})
	}
	lastCallBelow, firstReturnBeyond := latestBelow(calls), earliestBeyond(returns)
	for index := range candidates {
		each := &candidates[index]
		from := max(each.from, lastCallBelow(each.endAfter))
		until := min(each.until, firstReturnBeyond(each.endBefore))
		if from <= until {
			each.from, each.until = from, until
		}
	}
}

// Reads that tell one end all find the same list, and come before the append there. So they may as well take effect
// in the order of their calls: each as soon as it is called and the list has grown so far, which is not later than
// in any other lawful order.
func orderReads(candidates []candidate) {
	reads := map[int64][]*candidate{}
	for index := range candidates {
		if each := &candidates[index]; each.Kind != "append" {
			reads[each.End] = append(reads[each.End], each)
		}
	}
	for _, same := range reads {
		slices.SortStableFunc(same, func(a, b *candidate) int { return cmp.Compare(a.from, b.from) })
		for index, each := range same {
			each.readsBefore = index
		}
	}
	for index := range candidates {
		each := &candidates[index]
		each.ordered = true
		if each.Kind == "append" {
			each.readsBefore = len(reads[each.Offset])
		}
	}
}

// At most so far the list reaches when an operation takes effect. An append that tells another place or size than
// others of its batch may be the repeat of one that stands, behind which the list has gone on.
func endBefore(each operation, attempts int) int64 {
	switch {
	case each.Kind != "append":
		return each.End
	case each.Offset < 0 || attempts > 1:
		return math.MaxInt64
	default:
		return each.Offset
	}
}
