package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/anishathalye/porcupine"
)

// One request as its broker saw it; see test/simulation/operation-log.ts.
type operation struct {
	Partition string   `json:"partition"`
	Client    string   `json:"client"`
	Kind      string   `json:"kind"`
	Call      int64    `json:"call"`
	Return    *int64   `json:"return"`
	Outcome   string   `json:"outcome"`
	Batch     string   `json:"batch"`
	Records   int64    `json:"records"`
	Offset    int64    `json:"offset"`
	Read      [][3]any `json:"read"`
	End       int64    `json:"end"`
}

const lineBytesMax = 64 << 20

func readHistory(file string) ([]operation, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var operations []operation
	lines := bufio.NewScanner(opened)
	lines.Buffer(make([]byte, 1<<20), lineBytesMax)
	for lines.Scan() {
		var each operation
		if err := json.Unmarshal(lines.Bytes(), &each); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", file, len(operations)+1, err)
		}
		operations = append(operations, each)
	}
	return operations, lines.Err()
}

// What a refused or failed request says nothing of is left out. An append whose outcome is unknown may take
// effect at any time after its call, or never. Batches do not move, so one that somebody has read at an offset can
// only have been appended there, and not later than the first answer that tells of something behind it: such an
// answer ends it, and an attempt that begins after it has nothing left to do. One that nobody has ever read, the
// last reader included, cannot have been appended before the end: it is left out. Both spare a hopeless search.
func toPorcupine(operations []operation) []porcupine.Operation {
	readAt := map[string]int64{}
	for _, each := range operations {
		for _, batch := range readBatches(each) {
			readAt[batch.name] = batch.base
		}
	}
	var converted []porcupine.Operation
	for _, each := range operations {
		var ends int64
		switch {
		case each.Outcome == "ok" && each.Return != nil:
			ends = *each.Return
		case each.Outcome == "unknown" && each.Kind == "append":
			base, read := readAt[each.Batch]
			if !read {
				continue
			}
			each.Offset = base
			ends = firstAnswerBeyond(operations, base)
			if ends <= each.Call {
				continue
			}
		default:
			continue
		}
		converted = append(converted, porcupine.Operation{Input: each, Call: each.Call, Output: nil, Return: ends})
	}
	return converted
}

// When it was first told that the list goes on behind an offset; never is after everything else.
func firstAnswerBeyond(operations []operation, offset int64) int64 {
	first := int64(math.MaxInt64)
	for _, each := range operations {
		if each.Outcome == "ok" && each.Return != nil && endTold(each) > offset && *each.Return < first {
			first = *each.Return
		}
	}
	return first
}

func endTold(each operation) int64 {
	switch {
	case each.Kind != "append":
		return each.End
	case each.Offset < 0:
		return 0
	default:
		return each.Offset + each.Records
	}
}

type batch struct {
	name    string
	base    int64
	records int64
}

func readBatches(each operation) []batch {
	batches := make([]batch, 0, len(each.Read))
	for _, read := range each.Read {
		name, _ := read[0].(string)
		base, _ := read[1].(float64)
		records, _ := read[2].(float64)
		batches = append(batches, batch{name, int64(base), int64(records)})
	}
	return batches
}
