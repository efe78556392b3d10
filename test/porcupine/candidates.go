package main

// An operation that the search has to place between two times, and what is known of the list around it.
type candidate struct {
	operation
	from, until int64
	// The list's end just before it takes effect is at most this, and just after it at least that.
	endBefore, endAfter int64
	// Of the reads that tell the end at which it takes effect, so many come first; of no account unless ordered.
	readsBefore int
	ordered     bool
}

// What a refused or failed request says nothing of is left out. An append of unknown outcome may happen at any later
// time, or never; but batches do not move. One that was read at an offset was appended there, not later than the
// first answer that tells of something behind it: that ends the attempt, and one begun after it has nothing to do.
// What nobody has read, the last reader included, cannot have been appended before the end.
func candidatesOf(operations []operation) []candidate {
	readAt := map[string]int64{}
	answers := []bound{}
	for _, each := range operations {
		for _, read := range each.Read {
			readAt[read.name] = read.base
		}
		if each.answered() {
			answers = append(answers, bound{endAfter(each), *each.Return})
		}
	}
	firstBeyond := earliestBeyond(answers)
	var candidates []candidate
	for _, each := range operations {
		base, read := readAt[each.Batch]
		if each.answered() {
			candidates = append(candidates, candidate{operation: each, from: each.Call, until: *each.Return})
		} else if each.Outcome == "unknown" && each.Kind == "append" && read {
			each.Offset = base
			if until := firstBeyond(base); until > each.Call {
				candidates = append(candidates, candidate{operation: each, from: each.Call, until: until})
			}
		}
	}
	return candidates
}

// At least so far the list reaches once an operation has taken effect. A batch has one record or more; a batch that
// nobody knows may stand there with another count than this attempt's.
func endAfter(each operation) int64 {
	if each.Kind == "append" {
		return each.Offset + 1
	}
	return each.End
}
