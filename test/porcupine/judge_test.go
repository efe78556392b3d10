package main

import (
	"encoding/json"
	"testing"

	"github.com/anishathalye/porcupine"
)

func TestEachWayToBreakAListIsToldFromALawfulHistory(t *testing.T) {
	for name, each := range map[string]struct {
		operations []operation
		want       porcupine.CheckResult
	}{
		"one after the other": {[]operation{
			appended("a", 2, 0, 1, 2), appended("b", 1, 2, 3, 4), fetched(0, 3, 5, 6, batch{"a", 0, 2}, batch{"b", 2, 1}),
		}, porcupine.Ok},
		"answers cross": {[]operation{
			appended("b", 1, 2, 1, 8), ended(2, 2, 7), ended(0, 3, 6), appended("a", 2, 0, 4, 5),
		}, porcupine.Ok},
		"an append without an answer that a reader sees": {[]operation{
			unanswered("a", 1, 1), ended(0, 2, 3), fetched(0, 1, 4, 5, batch{"a", 0, 1}),
		}, porcupine.Ok},
		"an append without an answer that nobody sees": {[]operation{unanswered("a", 1, 1), ended(0, 2, 3)}, porcupine.Ok},
		"a repeat that is told where the first stands": {[]operation{
			appended("a", 1, 0, 1, 2), appended("b", 1, 1, 3, 4), appended("a", 1, 0, 5, 6), appended("a", 1, -1, 7, 8),
		}, porcupine.Ok},
		"a lost append": {[]operation{appended("a", 1, 0, 1, 2), ended(0, 3, 4)}, porcupine.Illegal},
		"a lost append that another one replaces": {[]operation{
			appended("a", 1, 0, 1, 2), appended("b", 1, 0, 3, 4), fetched(0, 1, 5, 6, batch{"b", 0, 1}),
		}, porcupine.Illegal},
		"a read that goes back": {[]operation{
			appended("a", 1, 0, 1, 8), ended(1, 2, 3), ended(0, 4, 5),
		}, porcupine.Illegal},
		"a duplicate that a reader sees": {[]operation{
			appended("a", 1, 0, 1, 2), unanswered("a", 1, 3), fetched(0, 2, 5, 6, batch{"a", 0, 1}, batch{"a", 1, 1}),
		}, porcupine.Illegal},
		"a duplicate that its producer is told of": {[]operation{
			appended("a", 1, 0, 1, 2), appended("a", 1, 1, 3, 4),
		}, porcupine.Illegal},
		"a read at an offset where the batch does not stand": {[]operation{
			appended("a", 1, 0, 1, 2), appended("b", 1, 1, 3, 4),
			fetched(0, 2, 5, 6, batch{"a", 0, 1}, batch{"b", 2, 1}),
		}, porcupine.Illegal},
		"a phantom": {[]operation{
			appended("a", 1, 0, 1, 2), refused("b", 1, 3, 4),
			fetched(0, 2, 5, 6, batch{"a", 0, 1}, batch{"b", 1, 1}),
		}, porcupine.Illegal},
		"a gap":                          {[]operation{appended("a", 1, 0, 1, 2), appended("b", 1, 2, 3, 4)}, porcupine.Illegal},
		"nothing where something stands": {[]operation{appended("a", 1, 0, 1, 2), fetched(0, 1, 3, 4)}, porcupine.Illegal},
	} {
		t.Run(name, func(t *testing.T) {
			if got := search(each.operations); got != each.want {
				t.Errorf("tightened: %v, expected %v", got, each.want)
			}
			if got := searchUntightened(each.operations); got != each.want {
				t.Errorf("untightened: %v, expected %v", got, each.want)
			}
		})
	}
}

func TestReadsALineAsTheSimulatorWritesIt(t *testing.T) {
	var crowdedOut, read operation
	decode(t, `{"partition":"t/0","client":"c","kind":"fetch","call":1,"offset":4,"return":null,"outcome":"unknown"}`, &crowdedOut)
	decode(t, `{"partition":"t/0","client":"c","kind":"fetch","call":1,"offset":4,"return":2,"outcome":"ok","read":[["a",4,2]],"end":6}`, &read)
	if crowdedOut.Read != nil || crowdedOut.answered() {
		t.Errorf("without an answer: %v", crowdedOut)
	}
	if len(read.Read) != 1 || read.Read[0] != (batch{"a", 4, 2}) || !read.answered() || *read.Return != 2 || read.End != 6 {
		t.Errorf("with an answer: %v", read)
	}
}

func decode(t *testing.T, line string, into *operation) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), into); err != nil {
		t.Fatal(err)
	}
}

func searchUntightened(operations []operation) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(appendOnlyList, toPorcupine(candidatesOf(operations)), searchTimeout)
}

func appended(name string, records, offset, call, returned int64) operation {
	return operation{Kind: "append", Batch: name, Records: records, Offset: offset, Call: call, Return: &returned, Outcome: "ok"}
}

func unanswered(name string, records, call int64) operation {
	return operation{Kind: "append", Batch: name, Records: records, Call: call, Outcome: "unknown"}
}

func refused(name string, records, call, returned int64) operation {
	return operation{Kind: "append", Batch: name, Records: records, Call: call, Return: &returned, Outcome: "fail"}
}

func ended(end, call, returned int64) operation {
	return operation{Kind: "end", End: end, Call: call, Return: &returned, Outcome: "ok"}
}

func fetched(offset, end, call, returned int64, read ...batch) operation {
	return operation{
		Kind: "fetch", Offset: offset, Read: append([]batch{}, read...), End: end, Call: call, Return: &returned, Outcome: "ok",
	}
}
