// Ends with the stack trace that its argument names.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
)

type shop struct{ stock map[string]int }

func (s *shop) sell(name string) { s.stock[name]-- }

func deep(depth int) {
	if depth == 0 {
		panic("no stock")
	}
	deep(depth - 1)
}

func endless(depth int) int { return endless(depth+1) + 1 }

func again() {
	defer func() {
		if reason := recover(); reason != nil {
			panic(fmt.Sprint("again: ", reason))
		}
	}()
	deep(1)
}

func repanicked() {
	defer func() {
		if reason := recover(); reason != nil {
			panic(reason)
		}
	}()
	deep(1)
}

func inGoroutine() {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		deep(1)
	}()
	group.Wait()
}

func deadlock() {
	var mutex sync.Mutex
	mutex.Lock()
	mutex.Lock()
}

func main() {
	switch os.Args[1] {
	case "panic":
		deep(2)
	case "again":
		again()
	case "repanicked":
		repanicked()
	case "error":
		panic(errors.New("first line\nsecond line"))
	case "nil":
		var s *shop
		s.sell("tea")
	case "map":
		(&shop{}).sell("tea")
	case "bounds":
		fmt.Println(os.Args[len(os.Args)+1:][0])
	case "goroutine":
		inGoroutine()
	case "deadlock":
		deadlock()
	case "overflow":
		endless(1)
	case "threads":
		debug.SetMaxThreads(1)
	case "fault":
		page, _ := syscall.Mmap(-1, 0, 1, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		page[0] = 1
	case "quit":
		syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		select {}
	case "stack":
		debug.PrintStack()
	}
}
