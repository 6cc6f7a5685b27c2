package dataset

import "fmt"

// IoU counts the pixels of every class for the mean intersection over union
// (PASCAL VOC's measure). Pixels of class 255 do not count.
type IoU struct {
	hit, want, got [256]int64
}

// ignored marks pixels that have no class.
const ignored = 255

// Add adds the counts of o.
func (s *IoU) Add(o *IoU) {
	for c := range s.hit {
		s.hit[c] += o.hit[c]
		s.want[c] += o.want[c]
		s.got[c] += o.got[c]
	}
}

// Count compares an output with a picture of classes. The output has shape
// [1, classes, H, W] (scores) or [1, (1,) H, W] (classes); the classes are
// looked up at the nearest pixel when the sizes differ.
func (s *IoU) Count(shape []int, v []float32, classes []int, h, w int) error {
	r := len(shape)
	if r < 3 || h*w == 0 || len(classes) != h*w {
		return fmt.Errorf("an output of shape %v has no class per pixel", shape)
	}
	oh, ow := shape[r-2], shape[r-1]
	c := len(v) / (oh * ow)
	for y := range oh {
		for x := range ow {
			got := 0
			if c == 1 {
				got = int(v[y*ow+x])
			} else {
				for k := 1; k < c; k++ {
					if v[(k*oh+y)*ow+x] > v[(got*oh+y)*ow+x] {
						got = k
					}
				}
			}
			want := classes[y*h/oh*w+x*w/ow]
			if want == ignored || want < 0 || want > ignored {
				continue
			}
			got = min(max(got, 0), ignored)
			s.want[want]++
			s.got[got]++
			if got == want {
				s.hit[want]++
			}
		}
	}
	return nil
}

// Mean averages hit/(want + got − hit) over the classes that occur.
func (s *IoU) Mean() float64 {
	sum, n := 0.0, 0
	for c := range s.hit {
		if all := s.want[c] + s.got[c] - s.hit[c]; s.want[c] > 0 && all > 0 {
			sum += float64(s.hit[c]) / float64(all)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
