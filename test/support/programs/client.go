// A client of Go: net/http carries out a plan (test/support/client-plan.ts).
//
// Usage: client PLAN; prints what was seen, as JSON. "-" in place of a plan prints the version.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

type asked struct {
	Target      string
	UploadBytes int
	Coding      string
	FieldBytes  int
}

type plan struct {
	Port     int
	Pooling  string
	Requests []asked
}

// hidden keeps net/http from asking for the length, so that it sends chunks.
type hidden struct{ io.Reader }

func ask(client *http.Client, port int, asked asked) (int, int, error) {
	method := "GET"
	var content io.Reader
	if asked.UploadBytes > 0 {
		method = "POST"
		content = bytes.NewReader(bytes.Repeat([]byte("u"), asked.UploadBytes))
		if asked.Coding == "chunked" {
			content = hidden{content}
		}
	}
	url := fmt.Sprintf("http://127.0.0.1:%d%s", port, asked.Target)
	request, err := http.NewRequest(method, url, content)
	if err != nil {
		return 0, 0, err
	}
	if asked.FieldBytes > 0 {
		request.Header.Set("X-Large", strings.Repeat("x", asked.FieldBytes))
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, len(body), err
}

func main() {
	if os.Args[1] == "-" {
		fmt.Println(strings.Replace(runtime.Version(), "go", "Go ", 1))
		return
	}
	var plan plan
	if err := json.Unmarshal([]byte(os.Args[1]), &plan); err != nil {
		panic(err)
	}
	seen := [][]any{}
	newClient := func() *http.Client {
		return &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	}
	client := newClient()
	for _, asked := range plan.Requests {
		status, bodyBytes, err := ask(client, plan.Port, asked)
		if err != nil {
			seen = append(seen, []any{fmt.Sprintf("%T", err), err.Error()})
		} else {
			seen = append(seen, []any{status, bodyBytes})
		}
		if plan.Pooling == "none" {
			client.CloseIdleConnections()
			client = newClient()
		}
	}
	json.NewEncoder(os.Stdout).Encode(seen)
}
