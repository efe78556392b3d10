package main

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// A time that belongs to an end of the list.
type bound struct{ end, time int64 }

// Answers with the earliest time whose end lies beyond a given one; never is after everything else.
func earliestBeyond(bounds []bound) func(end int64) int64 {
	slices.SortFunc(bounds, func(a, b bound) int { return cmp.Compare(a.end, b.end) })
	for at := len(bounds) - 2; at >= 0; at-- {
		bounds[at].time = min(bounds[at].time, bounds[at+1].time)
	}
	return func(end int64) int64 {
		at := sort.Search(len(bounds), func(at int) bool { return bounds[at].end > end })
		if at == len(bounds) {
			return math.MaxInt64
		}
		return bounds[at].time
	}
}

// Answers with the latest time whose end lies below a given one.
func latestBelow(bounds []bound) func(end int64) int64 {
	slices.SortFunc(bounds, func(a, b bound) int { return cmp.Compare(a.end, b.end) })
	for at := 1; at < len(bounds); at++ {
		bounds[at].time = max(bounds[at].time, bounds[at-1].time)
	}
	return func(end int64) int64 {
		at := sort.Search(len(bounds), func(at int) bool { return bounds[at].end >= end })
		if at == 0 {
			return math.MinInt64
		}
		return bounds[at-1].time
	}
}
