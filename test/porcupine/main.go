// Judges exported histories with Porcupine, a published linearizability checker: every partition must behave
// like one append-only list. Prints one line of JSON per file; exit code 2 when a file cannot be judged.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Longer searches than this are told as undecided.
const searchTimeout = 20 * time.Second

type verdict struct {
	File       string   `json:"file"`
	Operations int      `json:"operations"`
	Partitions int      `json:"partitions"`
	Verdict    string   `json:"verdict"`
	Broken     []string `json:"broken"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, file := range os.Args[1:] {
		operations, err := readHistory(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if err := out.Encode(judge(file, operations)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}

func judge(file string, operations []operation) verdict {
	result := verdict{File: file, Operations: len(operations), Verdict: "linearizable", Broken: []string{}}
	byPartition := map[string][]operation{}
	for _, each := range operations {
		byPartition[each.Partition] = append(byPartition[each.Partition], each)
	}
	result.Partitions = len(byPartition)
	type answer struct {
		partition string
		result    porcupine.CheckResult
	}
	answers := make(chan answer)
	for partition, own := range byPartition {
		go func() { answers <- answer{partition, search(own)} }()
	}
	for range byPartition {
		switch each := <-answers; each.result {
		case porcupine.Illegal:
			result.Broken = append(result.Broken, each.partition)
			result.Verdict = "broken"
		case porcupine.Unknown:
			if result.Verdict == "linearizable" {
				result.Verdict = "undecided"
			}
		}
	}
	slices.Sort(result.Broken)
	return result
}

func search(operations []operation) porcupine.CheckResult {
	candidates := tighten(candidatesOf(operations))
	return porcupine.CheckOperationsTimeout(appendOnlyList, toPorcupine(candidates), searchTimeout)
}
