package dataset

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// wavFormat is the fmt chunk of a WAV file.
type wavFormat struct {
	tag, channels, bits int
}

// Format tags. Extensible files have the tag proper in their sub-format.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavExtensible = 0xfffe
)

// loadWAV reads samples in [-1, 1], the channels averaged. A longer file is cut,
// a shorter one is followed by silence. The rate is not looked at: which one a
// network wants, no file says.
func loadWAV(path string, in Input) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]float32, in.len())
	if err := readWAV(bufio.NewReader(f), out); err != nil {
		return nil, err
	}
	if k := notFinite(out); k >= 0 {
		return nil, fmt.Errorf("sample %d is not a finite number", k)
	}
	return out, nil
}

// readWAV fills out with the first samples of a file: RIFF chunks (Microsoft,
// Multimedia Programming Interface and Data Specifications 1.0), of which fmt
// and data count.
func readWAV(r io.Reader, out []float32) error {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return errors.New("this is not a WAV file")
	}
	var format *wavFormat
	for {
		if _, err := io.ReadFull(r, head[:8]); err != nil {
			return errors.New("the WAV file has no data chunk, or is cut off in front of it")
		}
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		switch string(head[:4]) {
		case "fmt ":
			f, err := readFormat(r, size)
			if err != nil {
				return err
			}
			format = f
		case "data":
			if format == nil {
				return errors.New("the WAV file has no fmt chunk in front of the data")
			}
			return format.read(r, size, out)
		default:
			if n, err := io.CopyN(io.Discard, r, size+size%2); err != nil {
				return fmt.Errorf("the WAV file ends %d bytes into a chunk of %d", n, size)
			}
		}
	}
}

func readFormat(r io.Reader, size int64) (*wavFormat, error) {
	var b [40]byte
	if size < 16 || size > 1<<16 {
		return nil, fmt.Errorf("a WAV format of %d bytes, want at least 16", size)
	}
	n := min(size, int64(len(b)))
	if _, err := io.ReadFull(r, b[:n]); err != nil {
		return nil, errors.New("the WAV file is cut off in its format")
	}
	if _, err := io.CopyN(io.Discard, r, size+size%2-n); err != nil {
		return nil, errors.New("the WAV file is cut off in its format")
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	f := &wavFormat{u16(0), u16(2), u16(14)}
	if f.tag == wavExtensible && n == 40 {
		f.tag = u16(24)
	}
	switch {
	case f.tag == wavPCM && (f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32), f.tag == wavFloat && f.bits == 32:
	default:
		return nil, fmt.Errorf("WAV format %d with %d bits is not supported, want PCM (1) with 8, 16, 24 or 32 or float (3) with 32", f.tag, f.bits)
	}
	if f.channels < 1 || u16(12) != f.channels*f.bits/8 {
		return nil, fmt.Errorf("%d bytes for %d channels of %d bits", u16(12), f.channels, f.bits)
	}
	return f, nil
}

// streamed is the size of a data chunk whose writer could not go back to it.
const streamed = math.MaxUint32

// read averages the channels of as many frames as out takes.
func (f *wavFormat) read(r io.Reader, size int64, out []float32) error {
	width := f.bits / 8
	frame := make([]byte, f.channels*width)
	if size < int64(len(frame)) {
		return errors.New("there are no samples in the WAV file")
	}
	for i := range out {
		if size != streamed && int64(i+1)*int64(len(frame)) > size {
			break
		}
		if _, err := io.ReadFull(r, frame); err != nil {
			if size == streamed && i > 0 {
				break
			}
			return fmt.Errorf("the WAV file ends after %d of %d samples", i, size/int64(len(frame)))
		}
		sum := 0.0
		for b := frame; len(b) > 0; b = b[width:] {
			sum += f.value(b)
		}
		out[i] = float32(sum / float64(f.channels))
	}
	return nil
}

// value is one sample.
func (f *wavFormat) value(b []byte) float64 {
	if f.tag == wavFloat {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	switch f.bits {
	case 8: // unsigned
		return (float64(b[0]) - 128) / (1 << 7)
	case 16:
		return float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
	case 24:
		return float64(int32(b[0])|int32(b[1])<<8|int32(int8(b[2]))<<16) / (1 << 23)
	}
	return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
}
