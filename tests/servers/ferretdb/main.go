// The MongoDB of the tests: FerretDB on SQLite, embedded; no other server is needed.
//
// Prints its URI when it is ready. Ends on SIGTERM, and when its standard input closes: so with its parent,
// however that ends.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// silence keeps nothing; slog's own handlers would write out every statement first, with all that is stored.
type silence struct{}

func (silence) Enabled(context.Context, slog.Level) bool  { return false }
func (silence) Handle(context.Context, slog.Record) error { return nil }
func (s silence) WithAttrs([]slog.Attr) slog.Handler      { return s }
func (s silence) WithGroup(string) slog.Handler           { return s }

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen; port 0 takes a free one")
	folder := flag.String("folder", "", "where the databases lie; it must be there")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: *address},
		Handler:   "sqlite",
		SQLiteURL: "file:" + *folder + "/",
		Logger:    slog.New(silence{}),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.MongoDBURI())
	if err := server.Run(ctx); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}
