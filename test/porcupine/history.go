package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// One request as its broker saw it; see test/simulation/operation-log.ts.
type operation struct {
	Partition string  `json:"partition"`
	Client    string  `json:"client"`
	Kind      string  `json:"kind"`
	Call      int64   `json:"call"`
	Return    *int64  `json:"return"`
	Outcome   string  `json:"outcome"`
	Batch     string  `json:"batch"`
	Records   int64   `json:"records"`
	Offset    int64   `json:"offset"`
	Read      []batch `json:"read"`
	End       int64   `json:"end"`
}

type batch struct {
	name    string
	base    int64
	records int64
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

// A batch is written as [name, base, records].
func (read *batch) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[3]any{&read.name, &read.base, &read.records})
}

func (each operation) answered() bool {
	return each.Outcome == "ok" && each.Return != nil
}
