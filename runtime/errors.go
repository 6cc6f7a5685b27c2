package edgerun

import (
	"errors"
	"strconv"

	ermfmt "github.com/edgerun/edgerun/fmt"
)

// ErrMemory is what errors.Is finds when a model needs more memory than the
// limit given to Load allows.
var ErrMemory = errors.New("model needs more memory than the limit allows")

// ErrClosed is returned by methods of a Session or Model after Close.
var ErrClosed = errors.New("edgerun: closed")

// OpError says which operator of a file does not make sense, and why.
type OpError struct {
	Index int    // of the operator
	Op    string // its kind
	Name  string // of the node in the source model
	Msg   string
}

func (e *OpError) Error() string {
	return "edgerun: op " + strconv.Itoa(e.Index) + " (" + e.Op + " " + strconv.Quote(e.Name) + "): " + e.Msg
}

// text joins strings and numbers without package fmt, which device binaries
// do without.
func text(parts ...any) string {
	var b []byte
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			b = append(b, v...)
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		case int32:
			b = strconv.AppendInt(b, int64(v), 10)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case uint8:
			b = strconv.AppendInt(b, int64(v), 10)
		case ermfmt.DType:
			b = append(b, v.String()...)
		case []int32:
			b = append(b, '[')
			for i, d := range v {
				if i > 0 {
					b = append(b, ' ')
				}
				b = strconv.AppendInt(b, int64(d), 10)
			}
			b = append(b, ']')
		}
	}
	return string(b)
}
