package main

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
)

const randomHistories = 30_000

func TestTighteningChangesNoVerdict(t *testing.T) {
	count := map[porcupine.CheckResult]int{}
	narrowed := 0
	for seed := range int64(randomHistories) {
		history := randomHistory(rand.New(rand.NewSource(seed)))
		want := searchUntightened(history)
		count[want]++
		if got := search(history); got != want {
			t.Fatalf("seed %d: %v untightened, %v tightened\n%s", seed, want, got, told(history))
		}
		if isNarrowed(history) {
			narrowed++
		}
	}
	for what, times := range map[string]int{
		"lawful": count[porcupine.Ok], "broken": count[porcupine.Illegal], "narrowed": narrowed,
	} {
		if times < randomHistories/4 {
			t.Errorf("only %d of %d histories are %s", times, randomHistories, what)
		}
	}
}

func TestIntervalsAreNarrowedByWhatComesBeforeAndAfterInEveryOrder(t *testing.T) {
	type interval struct{ from, until int64 }
	for name, each := range map[string]struct {
		operations []operation
		want       []interval
	}{
		"an append comes after what tells a shorter list, and before what tells a longer one": {
			[]operation{ended(0, 5, 90), ended(0, 9, 80), appended("a", 2, 0, 1, 99), ended(2, 3, 40), ended(2, 4, 50)},
			[]interval{{5, 40}, {9, 40}, {9, 40}, {9, 40}, {9, 50}},
		},
		"appends come one after the other": {
			[]operation{appended("b", 1, 2, 1, 20), appended("a", 2, 0, 10, 90), appended("c", 1, 3, 2, 30)},
			[]interval{{10, 20}, {10, 20}, {10, 30}},
		},
		"attempts of one batch are one": {
			[]operation{appended("a", 1, 0, 10, 40), appended("a", 1, 0, 20, 30)},
			[]interval{{10, 30}},
		},
		"what has no place is left as it was": {
			[]operation{appended("a", 1, 0, 1, 2), ended(0, 3, 4)},
			[]interval{{1, 2}, {3, 4}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []interval
			for _, narrowed := range tighten(candidatesOf(each.operations)) {
				got = append(got, interval{narrowed.from, narrowed.until})
			}
			if !slices.Equal(got, each.want) {
				t.Errorf("%v, expected %v", got, each.want)
			}
		})
	}
}

func TestASearchAmongManyUnderWayDoesNotExplode(t *testing.T) {
	const rounds, readers = 100, 12
	var history []operation
	now := int64(0)
	for round := range int64(rounds) {
		history = append(history, appended(fmt.Sprint(round), 1, round, now, now+readers))
		for reader := range int64(readers) {
			history = append(history, ended(round, now+reader, now+3*readers-reader))
		}
		now += 2 * readers
	}
	goesBack := append(slices.Clone(history), ended(rounds-1, now+2*readers, now+2*readers+1))
	for want, judged := range map[porcupine.CheckResult][]operation{porcupine.Ok: history, porcupine.Illegal: goesBack} {
		steps, stepsMax := 0, readers*len(judged)
		counted := appendOnlyList
		counted.Step = func(state, input, output any) (bool, any) {
			if steps++; steps > stepsMax {
				return false, state
			}
			return appendOnlyList.Step(state, input, output)
		}
		got := porcupine.CheckOperations(counted, toPorcupine(tighten(candidatesOf(judged))))
		if (want == porcupine.Ok) != got {
			t.Errorf("%v: lawful %v", want, got)
		}
		if steps > stepsMax {
			t.Errorf("%v: more than %d steps for %d operations", want, stepsMax, len(judged))
		}
	}
}

// Operations take effect in their order here, each at a time of its own within its interval; then, in two of three
// histories, one thing or two are told otherwise, which may break it or not.
func randomHistory(random *rand.Rand) []operation {
	var history []operation
	standing := empty
	for at := range int64(3 + random.Intn(7)) {
		call, returned := 100*at-random.Int63n(300), 100*at+random.Int63n(300)
		switch random.Intn(5) {
		case 0:
			history = append(history, ended(standing.end, call, returned))
		case 1:
			history = append(history, fetched(0, standing.end, call, returned, batchesOf(standing)...))
		default:
			sent := appended(fmt.Sprint("batch-", random.Intn(5)), 1+random.Int63n(2), standing.end, call, returned)
			if found := find(standing, sent.Batch); found != nil {
				sent.Records, sent.Offset = found.newest.records, found.newest.base
			}
			if _, next := step(standing, candidate{operation: sent}); next != nil {
				standing = next.(*list)
			}
			if random.Intn(4) == 0 {
				sent.Outcome, sent.Return = "unknown", nil
			} else if random.Intn(8) == 0 {
				sent.Offset = -1
			}
			history = append(history, sent)
		}
	}
	for range random.Intn(3) {
		tellOtherwise(random, &history[random.Intn(len(history))])
	}
	random.Shuffle(len(history), func(a, b int) { history[a], history[b] = history[b], history[a] })
	return history
}

func tellOtherwise(random *rand.Rand, each *operation) {
	switch random.Intn(6) {
	case 0:
		each.End += random.Int63n(5) - 2
	case 1:
		each.Offset += random.Int63n(5) - 2
	case 2:
		each.Batch = fmt.Sprint("batch-", random.Intn(5))
	case 3:
		if each.Read = slices.Clone(each.Read); len(each.Read) > 0 {
			each.Read[random.Intn(len(each.Read))].base += random.Int63n(3) - 1
		}
	case 4:
		each.Outcome = "fail"
	case 5:
		shifted := each.Call + random.Int63n(200)
		each.Call, each.Return = each.Call-300, &shifted
	}
}

func batchesOf(standing *list) []batch {
	var batches []batch
	for at := standing; at.before != nil; at = at.before {
		batches = append(batches, at.newest)
	}
	slices.Reverse(batches)
	return batches
}

func isNarrowed(history []operation) bool {
	before, after := candidatesOf(history), tighten(candidatesOf(history))
	return slices.ContainsFunc(after, func(each candidate) bool {
		return !slices.ContainsFunc(before, func(other candidate) bool { return other.from == each.from && other.until == each.until })
	})
}

func told(history []operation) string {
	text := ""
	for _, each := range history {
		returned := int64(-1)
		if each.Return != nil {
			returned = *each.Return
		}
		text += fmt.Sprintf("%s %s %q records %d offset %d end %d read %v [%d, %d]\n", each.Outcome, each.Kind, each.Batch,
			each.Records, each.Offset, each.End, each.Read, each.Call, returned)
	}
	return text
}
