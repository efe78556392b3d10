package main

import (
	"hash/fnv"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// The list after its newest batch, and after so many reads of it. Lists share what they have in common; `digest`
// tells them apart.
type list struct {
	before *list
	newest batch
	end    int64
	digest uint64
	reads  int
}

var empty = &list{}

var appendOnlyList = porcupine.Model{
	Init:  func() any { return empty },
	Step:  func(state, input, _ any) (bool, any) { return step(state.(*list), input.(candidate)) },
	Equal: func(a, b any) bool { return a.(*list).end == b.(*list).end && a.(*list).digest == b.(*list).digest },
}

func step(state *list, each candidate) (bool, any) {
	inTurn := !each.ordered || each.readsBefore == state.reads
	switch each.Kind {
	case "append":
		return stepAppend(state, each.operation, inTurn)
	case "fetch":
		lawful := each.End == state.end && (each.Read == nil || holds(state, each.Offset, each.Read))
		return lawful && inTurn, state.afterRead()
	default:
		return each.End == state.end && inTurn, state.afterRead()
	}
}

// A batch that stands already was sent again by an idempotent producer: told where it stands, nothing is appended.
// Offset -1 says that it stands, and no more.
func stepAppend(state *list, each operation, inTurn bool) (bool, any) {
	if found := find(state, each.Batch); found != nil {
		return each.Offset == -1 || each.Offset == found.newest.base, state
	}
	if each.Offset != state.end || !inTurn {
		return false, state
	}
	return true, state.with(batch{each.Batch, state.end, each.Records})
}

func (state *list) with(newest batch) *list {
	hash := fnv.New64a()
	hash.Write([]byte(strconv.FormatUint(state.digest, 16) + " " + newest.name))
	return &list{state, newest, state.end + newest.records, hash.Sum64(), 0}
}

func (state *list) afterRead() *list {
	after := *state
	after.reads++
	return &after
}

func find(state *list, name string) *list {
	for at := state; at.before != nil; at = at.before {
		if at.newest.name == name {
			return at
		}
	}
	return nil
}

// Whether what was read from an offset on is what stands there, without a gap. Below the end something must come.
func holds(state *list, offset int64, read []batch) bool {
	if len(read) == 0 {
		return offset == state.end
	}
	at := state
	for at.before != nil && at.newest.base > read[len(read)-1].base {
		at = at.before
	}
	for index := len(read) - 1; index >= 0; index-- {
		if at.before == nil || at.newest != read[index] {
			return false
		}
		at = at.before
	}
	return read[0].base <= offset && offset < read[0].base+read[0].records
}
